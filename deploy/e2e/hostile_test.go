package e2e

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// maxBody is in bytes, of the largest body that the webhook reads.
	maxBody = 20 << 20
	// header begins a request.
	header = "POST /validate HTTP/1.1\r\nHost: webhook\r\nContent-Type: application/json\r\n"
)

// length ends the header of a request whose body is as large as may be.
var length = fmt.Sprintf("Content-Length: %d\r\n\r\n", maxBody)

// podThatStates is a pod on AKS's virtual node, as JSON, with so many labels, that asks for more
// memory than that has and makes every statement of itself.
func podThatStates(labels int) string {
	var all strings.Builder
	for i := range labels {
		fmt.Fprintf(&all, `"label-%d": "", `, i)
	}
	return `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "scorer", "labels": {` + all.String() + `"isazuremlapp": "true"},
		"annotations": {"mlpolicy.dev/workload": "web-service", "mlpolicy.dev/stage": "development", "mlpolicy.dev/target": "aks",
			"mlpolicy.dev/designer": "false", "mlpolicy.dev/model-size": "1MB", "run.googleapis.com/x": "y"}},
		"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"name": "scorer", "image": "scorer", "resources": {"limits": {"memory": "64Gi"}}}]}}`
}

// post sends a body to a pod as a review, by a connection of its own.
func (r *release) post(p *pod, body io.Reader, size int) (code int, answer string, err error) {
	return post(r.client(), p, body, size)
}

// post sends a body to a pod as a review, by a connection of its own.
func post(client *http.Client, p *pod, body io.Reader, size int) (code int, answer string, err error) {
	request, err := http.NewRequest(http.MethodPost, "https://"+p.address+"/validate?timeout=30s", body)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = int64(size)
	client.Timeout = patience
	// As the API server: who asks for the end of the connection may lose the answer to a body that is not read.
	client.Transport.(*http.Transport).DisableKeepAlives = false
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// memory is the most in bytes that a process ever had resident.
func (p *pod) memory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	peak, _, _ = strings.Cut(peak, "kB")
	kib, err := strconv.ParseInt(strings.TrimSpace(peak), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// begin connects to a pod and writes the beginning of a request.
func begin(t *testing.T, p *pod, text string) *tls.Conn {
	t.Helper()
	connection, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if _, err := io.WriteString(connection, text); err != nil {
		t.Error(err)
	}
	return connection
}

// Whoever reaches the port can send anything. It is refused or judged, every create beside it
// gets its verdict, and the pod keeps below its limit of memory.
func TestHostileBodies(t *testing.T) {
	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Fail"})
	l := startLoad(t, namespace(t))
	p := r.running()[0]
	tests := []struct {
		name, body string
		code       int
		says       string // in the answer
	}{
		{name: "empty", code: 400},
		{name: "truncated", body: reviewOf(podOf(1))[:300], code: 400},
		{name: "as many nested arrays as fit", body: strings.Repeat("[", maxBody), code: 400},
		{name: "8 MiB of nested arrays as the object", body: reviewOf(strings.Repeat("[", 4_000_000) + strings.Repeat("]", 4_000_000)), code: 400},
		{name: "8 MiB of arrays beside each other", body: reviewOf("[" + strings.Repeat("[],", 2_700_000) + "[]]"), code: 200},
		{name: "8 MiB of one string", body: reviewOf(`"` + strings.Repeat("x", 8_000_000) + `"`), code: 200},
		{name: "more than 20 MiB", body: strings.Repeat(" ", maxBody+1), code: 413},
		{name: "wrong types everywhere in the review", body: `{"apiVersion": [], "kind": 7, "request": [{}]}`, code: 400},
		{name: "wrong types everywhere in the request", body: `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
			"request": {"uid": [], "operation": 7, "kind": "Pod", "namespace": {}, "name": [], "userInfo": "x", "object": 7}}`, code: 400},
		{name: "wrong types everywhere in the object", body: reviewOf(`{"apiVersion": "v1", "kind": "Pod", "metadata": [{"name": 7}], "spec": {"nodeSelector": [],
			"containers": {"name": [], "resources": "many"}, "initContainers": [7, "x", [], null, {"image": 7, "resources": {"limits": [1]}}]}}`), code: 200, says: `"allowed":true`},
		{name: "10,000 containers", body: reviewOf(podOf(10_000)), code: 200, says: "requests 10000 GPUs"},
		{name: "19,000 labels, and all that an object can state of itself", body: reviewOf(podThatStates(19_000)), code: 200, says: "requests 64 GiB of memory"},
		{name: "without request", body: `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}`, code: 400},
		{name: "a UID of a wrong type", body: strings.Replace(reviewOf(podOf(1)), `"hostile"`, `7`, 1), code: 400},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	l.begin(t, "clients never come to an end")
	var slow []net.Conn
	for range 100 {
		silent, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { silent.Close() })
		slow = append(slow, silent, begin(t, p, header), begin(t, p, header+length+"{"))
	}
	l.more(t, 200)

	for _, test := range tests {
		l.begin(t, test.name)
		code, answer, err := r.post(p, strings.NewReader(test.body), len(test.body))
		if err != nil || code != test.code || !strings.Contains(answer, test.says) {
			t.Errorf("%s: status %d, want %d: %v %.200s", test.name, code, test.code, err, answer)
		}
	}

	l.begin(t, "all of it comes at once")
	var all sync.WaitGroup
	for range 4 {
		for _, test := range tests {
			all.Go(func() {
				// Large ones are shed where there is no room for them.
				code, answer, err := r.post(p, strings.NewReader(test.body), len(test.body))
				if err == nil && code != test.code && code != http.StatusServiceUnavailable {
					t.Errorf("%s: status %d, want %d: %.200s", test.name, code, test.code, answer)
				}
			})
		}
	}
	all.Wait()

	l.begin(t, "large bodies never come to an end")
	const clients = 20 // of which two at a time have room
	shed := p.metrics(t).sum(unknownClients, `code="503"`)
	for range clients {
		large := begin(t, p, header+length)
		_, _ = large.Write(bytes.Repeat([]byte(" "), maxBody-1)) // some are sent away meanwhile
	}
	eventually(t, "large bodies that are turned away", func() bool { return p.metrics(t).sum(unknownClients, `code="503"`) > shed })
	l.more(t, 200)

	l.begin(t, "who never came to an end is sent away")
	for _, connection := range slow {
		_ = connection.SetReadDeadline(time.Now().Add(patience))
		answer, err := io.ReadAll(connection)
		if errors.Is(err, os.ErrDeadlineExceeded) || bytes.Contains(answer, []byte(" 200 OK")) {
			t.Errorf("%q, %v", answer, err)
		}
	}

	l.begin(t, "the end")
	l.spotless(t)
	select {
	case <-p.done:
		t.Fatal("the webhook has ended")
	default:
	}
	limits := r.container(t).Resources.Limits
	limit := limits.Memory().Value()
	if t.Logf("%d MiB resident at most", p.memory(t)>>20); p.memory(t) > limit {
		t.Errorf("that is more than the limit of %d MiB", limit>>20)
	}
	eventually(t, "no review in flight", func() bool { return p.metrics(t)[inFlight] == 0 })
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("log: %s", line)
		}
	}
}
