package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxConnections limits the open connections. An idle one takes about 34 KiB; an API server keeps a few dozen at
// most.
const maxConnections = 1000

// connection is the state of a connection. Requests on it arrive one after the other.
type connection struct {
	accepted time.Time
	end      time.Time    // time after which it is closed after an answer
	greeted  atomic.Int64 // when TLS began, in nanoseconds since accepted
	requests atomic.Int64 // requests that have begun
	known    atomic.Bool  // the client has the required certificate, or received a verdict
	evicted  atomic.Bool  // it was closed to free a connection for another

	raw    net.Conn
	busy   bool // a request is being answered
	active int  // sequence number of the last change of busy
}

// connectionKey is the key of the *connection in the context of its requests.
type connectionKey struct{}

// connectionOf returns the connection of a request, or a new one if it is not known.
func connectionOf(ctx context.Context) *connection {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		return c
	}
	return &connection{accepted: time.Now()}
}

// begin returns when the client began to send a request whose header has arrived. For the first request of a
// connection, this includes the time from its acceptance to the first byte of TLS.
func (c *connection) begin() time.Time {
	now := time.Now()
	if c.requests.Add(1) == 1 {
		return now.Add(-time.Duration(c.greeted.Load()))
	}
	return now
}

// connections are the open connections.
type connections struct {
	most   int           // limit
	age    time.Duration // minimum age at which a connection is closed after an answer, and half the maximum
	unused func()        // called, without the lock, when a connection ends without a request

	mutex   sync.Mutex
	open    map[net.Conn]*connection
	evicted map[net.Conn]*connection // those that http.Server has not ended yet
	turns   int
}

func newConnections(age time.Duration, unused func()) *connections {
	return &connections{most: maxConnections, age: age, unused: unused, open: map[net.Conn]*connection{}, evicted: map[net.Conn]*connection{}}
}

// context is http.Server.ConnContext. If there are too many connections, it closes one. Connections that were opened
// together do not end together.
func (c *connections) context(ctx context.Context, conn net.Conn) context.Context {
	now := time.Now()
	added := &connection{accepted: now, end: now.Add(c.age + rand.N(c.age+1)), raw: conn}
	if secure, ok := conn.(*tls.Conn); ok {
		added.raw = secure.NetConn() // closing TLS would wait for the client
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.open) >= c.most {
		c.evict()
	}
	c.touch(added)
	c.open[conn] = added
	return context.WithValue(ctx, connectionKey{}, added)
}

// evict closes the least recently used connection of the first of these groups that is not empty: idle ones of
// unknown clients, idle ones, those of unknown clients, all. The caller holds the lock.
func (c *connections) evict() {
	var found *connection
	var key net.Conn
	rank := func(of *connection) int {
		switch known := of.known.Load(); {
		case !of.busy && !known:
			return 0
		case !of.busy:
			return 1
		case !known:
			return 2
		}
		return 3
	}
	for conn, each := range c.open {
		if found == nil || rank(each) < rank(found) || rank(each) == rank(found) && each.active < found.active {
			found, key = each, conn
		}
	}
	delete(c.open, key)
	c.evicted[key] = found
	found.evicted.Store(true)
	found.raw.Close()
}

// touch records that a connection is used. The caller holds the lock.
func (c *connections) touch(of *connection) {
	c.turns++
	of.active = c.turns
}

// state is http.Server.ConnState.
func (c *connections) state(conn net.Conn, state http.ConnState) {
	c.mutex.Lock()
	of := c.open[conn]
	if of == nil {
		of = c.evicted[conn]
	}
	switch {
	case of == nil:
	case state == http.StateClosed || state == http.StateHijacked:
		delete(c.open, conn)
		delete(c.evicted, conn)
	default:
		of.busy = state == http.StateActive
		c.touch(of)
	}
	c.mutex.Unlock()
	if of != nil && state == http.StateClosed && of.requests.Load() == 0 {
		c.unused()
	}
}

// clients are the clients that may send reviews. It is safe for concurrent use.
type clients struct {
	pool  *x509.CertPool
	names []string // any if empty
}

// clientsError reports that the client CA cannot be used.
type clientsError struct{ err error }

func (e *clientsError) Error() string { return e.err.Error() }
func (e *clientsError) Unwrap() error { return e.err }

// loadClients reads the client CA from a PEM file. The error is a *clientsError.
func loadClients(file string, names []string) (*clients, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &clientsError{err}
	}
	loaded := &clients{pool: x509.NewCertPool(), names: names}
	if !loaded.pool.AppendCertsFromPEM(pem) {
		return nil, &clientsError{fmt.Errorf("%s: contains no certificate", file)}
	}
	return loaded, nil
}

// CheckClientCA reads the client CA as New does. The error is a *CertificateError.
func CheckClientCA(file string) error {
	if _, err := loadClients(file, nil); err != nil {
		return &CertificateError{err: err, OfClients: true}
	}
	return nil
}

// identify returns the reason why a client may not send reviews, or nil if it may.
func (c *clients) identify(state *tls.ConnectionState) error {
	if state == nil || len(state.PeerCertificates) == 0 {
		return errors.New("the client has no certificate")
	}
	leaf := state.PeerCertificates[0]
	intermediates := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		intermediates.AddCert(certificate)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: c.pool, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		return fmt.Errorf("the client's certificate: %w", err)
	}
	named := func(name string) bool { return name == leaf.Subject.CommonName || slices.Contains(leaf.DNSNames, name) }
	if len(c.names) > 0 && !slices.ContainsFunc(c.names, named) {
		return fmt.Errorf("the client's certificate: %q is not a name of --client-name", truncate(leaf.Subject.CommonName, maxClientString))
	}
	return nil
}
