package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

// referenceCommand makes this program the handler that the webhook is measured against.
const referenceCommand = "reference"

// serveReference decodes reviews as any webhook must, and allows them all.
func serveReference(address, certificate, key string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("POST /validate", func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no review", http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
		review.Request = nil
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(&review)
	})
	var http1 http.Protocols
	http1.SetHTTP1(true)
	s := &http.Server{
		Addr: address, Handler: mux, Protocols: &http1, ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // of connections that are left when an attack ends
	}
	return s.ListenAndServeTLS(certificate, key)
}

// certificate is a pair of PEM files for 127.0.0.1.
type certificate struct{ file, key string }

func newCertificate(folder string) (certificate, *x509.CertPool, error) {
	c := certificate{filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return c, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return c, nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	if err := os.WriteFile(c.file, text, 0o600); err != nil {
		return c, nil, err
	}
	if err := os.WriteFile(c.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return c, nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return c, roots, nil
}

// server is a process that answers reviews.
type server struct {
	name, address string
	roots         *x509.CertPool
	command       *exec.Cmd
	ended         chan struct{}
}

// start runs a command that listens at the address, and waits until it is ready.
func start(ctx context.Context, certificate certificate, roots *x509.CertPool, commandAt func(address string) []string) (*server, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	free.Close()
	words := commandAt(address)
	s := &server{name: filepath.Base(words[0]), address: address, roots: roots, command: exec.CommandContext(ctx, words[0], words[1:]...), ended: make(chan struct{})}
	s.command.Stderr = os.Stderr
	// Its log goes nowhere, and it ends when this process does.
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.command.Wait() // stopped, or seen by whoever waits for an answer
		close(s.ended)
	}()
	if err := s.wait(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: s.tls(), DisableKeepAlives: true}}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.address+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it ended: %s", s.command.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("it does not get ready: %w", err)
		case <-tick.C:
		}
	}
}

func (s *server) tls() *tls.Config { return &tls.Config{RootCAs: s.roots} }

func (s *server) stop() {
	_ = s.command.Process.Kill() // it may have ended
	<-s.ended
}

// resident is the memory of the process, in MiB.
func (s *server) resident() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("the status of %s does not tell", s.name)
}
