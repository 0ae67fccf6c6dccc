package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// proxyLag is about what it takes until every node's kube-proxy has followed a pod's readiness.
	proxyLag = time.Second
	// probeInterval is the time between looks at a backend's /readyz.
	probeInterval = 50 * time.Millisecond
)

// balancer steers connections as kube-proxy does: new ones, one after the other, to the backends
// that were ready a lag ago. Those that are there it leaves alone.
type balancer struct {
	lag    time.Duration
	prober *http.Client
	ctx    context.Context // ends with the test

	lock     sync.Mutex
	backends []*backend
	turn     int
}

// backend is a process that a balancer steers to. The balancer's lock guards it.
type backend struct {
	address string
	steered bool // gets new connections
	opened  int  // connections that were made
	open    int  // of these, those that are there
	refused int  // connections that it did not take
}

func newBalancer(t *testing.T, lag time.Duration) *balancer {
	t.Helper()
	return &balancer{lag: lag, ctx: t.Context(), prober: &http.Client{
		Timeout: time.Second,
		// As a kubelet probes: whatever the certificate, and by a connection of its own.
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
	}}
}

// add follows one more backend, which gets connections once it has been ready for a lag.
func (b *balancer) add(address string) *backend {
	added := &backend{address: address}
	b.lock.Lock()
	defer b.lock.Unlock()
	b.backends = append(b.backends, added)
	go b.follow(added)
	return added
}

// remove steers nothing more to a backend, from now on.
func (b *balancer) remove(gone *backend) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.backends = slices.DeleteFunc(b.backends, func(each *backend) bool { return each == gone })
}

// state returns a copy of a backend's numbers.
func (b *balancer) state(of *backend) backend {
	b.lock.Lock()
	defer b.lock.Unlock()
	return *of
}

func (b *balancer) follow(each *backend) {
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	seen := false
	for {
		if ready := b.ready(each); ready != seen {
			seen = ready
			time.AfterFunc(b.lag, func() {
				b.lock.Lock()
				defer b.lock.Unlock()
				each.steered = ready
			})
		}
		select {
		case <-b.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (b *balancer) ready(each *backend) bool {
	response, err := b.prober.Get("https://" + each.address + "/readyz")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// dial connects to the backend whose turn it is. What that refuses is refused.
func (b *balancer) dial() (net.Conn, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	var steered []*backend
	for _, each := range b.backends {
		if each.steered {
			steered = append(steered, each)
		}
	}
	if len(steered) == 0 {
		return nil, errors.New("no backend is ready")
	}
	to := steered[b.turn%len(steered)]
	b.turn++
	connection, err := net.DialTimeout("tcp", to.address, time.Second)
	if err != nil {
		to.refused++
		return nil, err
	}
	to.opened++
	to.open++
	return &counted{Conn: connection, closed: sync.OnceFunc(func() {
		b.lock.Lock()
		defer b.lock.Unlock()
		to.open--
	})}, nil
}

// counted is a connection that tells when it is closed.
type counted struct {
	net.Conn
	closed func()
}

func (c *counted) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// steered is a server behind a balancer that answers with its name.
type steered struct {
	*httptest.Server
	ready atomic.Bool
}

func newSteered(t *testing.T, name string) *steered {
	t.Helper()
	s := &steered{}
	s.ready.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) })
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *steered) address() string { return s.Listener.Addr().String() }

// client makes a client that connects by the balancer. Without keepAlive each request has a
// connection of its own.
func (b *balancer) client(t *testing.T, keepAlive bool) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: !keepAlive,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return b.dial() },
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// answerer asks a server for its name; empty where nobody answers.
func answerer(client *http.Client) string {
	response, err := client.Get("https://steered/")
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// pair is a balancer of two servers that both get connections.
func pair(t *testing.T, lag time.Duration) (b *balancer, one, two *steered, first, second *backend) {
	t.Helper()
	b, one, two = newBalancer(t, lag), newSteered(t, "one"), newSteered(t, "two")
	first, second = b.add(one.address()), b.add(two.address())
	eventually(t, "both servers get connections", func() bool { return b.state(first).steered && b.state(second).steered })
	return b, one, two, first, second
}

func TestBalancerSteersNewConnectionsInTurn(t *testing.T) {
	b, _, _, first, second := pair(t, 0)
	client := b.client(t, false)
	seen := map[string]int{}
	for range 10 {
		seen[answerer(client)]++
	}
	if seen["one"] != 5 || seen["two"] != 5 || b.state(first).opened != 5 || b.state(second).opened != 5 {
		t.Errorf("answers %v", seen)
	}
	eventually(t, "what was closed is not counted as open", func() bool { return b.state(first).open == 0 && b.state(second).open == 0 })
}

func TestBalancerLeavesConnectionsAlone(t *testing.T) {
	b, one, two, first, second := pair(t, 0)
	kept := b.client(t, true)
	before := answerer(kept)
	mine, other, to := one, "two", first
	if before == "two" {
		mine, other, to = two, "one", second
	}
	mine.ready.Store(false)
	eventually(t, "the server that is not ready gets no connections", func() bool { return !b.state(to).steered })
	fresh := b.client(t, false)
	for range 5 {
		if got := answerer(kept); got != before {
			t.Errorf("the connection that was there leads to %q, not to %q", got, before)
		}
		if got := answerer(fresh); got != other {
			t.Errorf("a new connection leads to %q, not to %q", got, other)
		}
	}
	if state := b.state(to); state.open != 1 {
		t.Errorf("%d connections are open, not the one that was there", state.open)
	}
}

func TestBalancerLags(t *testing.T) {
	const lag = 300 * time.Millisecond
	started := time.Now()
	b, one, _, first, _ := pair(t, lag)
	if took := time.Since(started); took < lag {
		t.Errorf("a server got connections after %s", took)
	}
	one.ready.Store(false)
	unready, answers := time.Now(), 0
	client := b.client(t, false)
	for b.state(first).steered {
		if answerer(client) == "one" {
			answers++
		}
	}
	if took := time.Since(unready); took < lag {
		t.Errorf("it was followed after %s", took)
	}
	if answers == 0 {
		t.Error("nothing was steered to the server within the lag")
	}
	for range 6 {
		if got := answerer(client); got != "two" {
			t.Errorf("after the lag %q answers", got)
		}
	}
	one.ready.Store(true)
	eventually(t, "the server that is ready again gets connections", func() bool { return b.state(first).steered })
}

// A process that was killed is steered to until the lag is over.
func TestBalancerRefusesForTheDead(t *testing.T) {
	b, one, _, first, second := pair(t, time.Second)
	one.Listener.Close()
	client := b.client(t, false)
	seen := map[string]int{}
	for b.state(first).steered {
		seen[answerer(client)]++
	}
	if seen[""] == 0 || seen["two"] == 0 || seen["one"] > 0 || b.state(first).refused != seen[""] {
		t.Errorf("answers %v, %d refused", seen, b.state(first).refused)
	}
	b.remove(second)
	if got := answerer(client); got != "" {
		t.Errorf("without a backend %q answers", got)
	}
}
