package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const (
	// ServiceAccount is the folder in which a kubelet by default mounts the token of a Pod's service account and the
	// CA of the API server.
	// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
	ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"
	// apiTimeout limits one request to the API server, apiPatience all attempts together, because the network of a
	// new Pod may not be ready.
	apiTimeout  = 10 * time.Second
	apiPatience = 30 * time.Second
	// apiPause is the time between two attempts.
	apiPause = time.Second
)

// Cluster is the API server of the cluster in which the process runs, as in the environment of a Pod.
type Cluster struct {
	Host, Port string
	Dir        string // contains token and ca.crt

	Patience, Pause time.Duration
}

// InCluster returns the cluster that the environment describes, with token and ca.crt in a folder.
func InCluster(dir string) Cluster {
	return Cluster{
		Host: os.Getenv("KUBERNETES_SERVICE_HOST"), Port: os.Getenv("KUBERNETES_SERVICE_PORT"), Dir: dir,
		Patience: apiPatience, Pause: apiPause,
	}
}

// Unregister deletes a ValidatingWebhookConfiguration, and reports whether it existed. It retries after temporary
// failures, such as an unreachable API server.
func (c Cluster) Unregister(ctx context.Context, name string) (existed bool, err error) {
	if c.Host == "" || c.Port == "" {
		return false, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is not a Pod")
	}
	token, err := os.ReadFile(filepath.Join(c.Dir, "token"))
	if err != nil {
		return false, err
	}
	pem, err := os.ReadFile(filepath.Join(c.Dir, "ca.crt"))
	if err != nil {
		return false, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return false, fmt.Errorf("%s contains no certificate", filepath.Join(c.Dir, "ca.crt"))
	}
	client := &http.Client{Timeout: apiTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	address := url.URL{
		Scheme: "https", Host: net.JoinHostPort(c.Host, c.Port),
		Path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/" + name,
		// A slash in the name is escaped, so that the name stays one segment.
		RawPath: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/" + url.PathEscape(name),
	}
	for deadline := time.Now().Add(c.Patience); ; {
		var again bool
		existed, again, err = remove(ctx, client, address.String(), string(bytes.TrimSpace(token)))
		if err == nil || !again || time.Now().After(deadline) {
			return existed, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(c.Pause):
		}
	}
}

// remove sends one DELETE, and reports whether a retry may succeed after a failure.
func remove(ctx context.Context, client *http.Client, address, token string) (existed, again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, address, nil)
	if err != nil {
		return false, false, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return false, true, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode/100 == 2:
		return true, false, nil
	case response.StatusCode == http.StatusNotFound:
		return false, false, nil
	}
	var status struct{ Message string }
	const most = 64 << 10 // the size of a Status is a few hundred bytes
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil || json.Unmarshal(body, &status) != nil {
		status.Message = string(bytes.TrimSpace(body))
	}
	again = response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
	return false, again, fmt.Errorf("the API server answered with status %d: %s", response.StatusCode, status.Message)
}
