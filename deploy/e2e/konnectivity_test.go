package e2e

import (
	"io"
	"net"
	"net/http"
	"sync"
)

// konnectivity carries the API server's connections to Services to where the processes of their
// pods listen. It stands for the konnectivity of a cluster such as AKS, by which the API server
// reaches the network of the pods, and for kube-proxy behind it. Only new connections are
// steered.
type konnectivity struct {
	server *http.Server
	proxy  string // URL of the same for programs that stand for pods of the cluster

	lock   sync.Mutex
	routes map[string]dialer // by addresses of Services
}

// dialer connects to one of the pods of a Service.
type dialer func() (net.Conn, error)

// startKonnectivity serves the API server at a Unix socket.
func startKonnectivity(socket string) (*konnectivity, error) {
	server, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	programs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		server.Close()
		return nil, err
	}
	k := &konnectivity{proxy: "http://" + programs.Addr().String(), routes: map[string]dialer{}}
	k.server = &http.Server{Handler: http.HandlerFunc(k.connect)}
	for _, listener := range []net.Listener{server, programs} {
		go k.server.Serve(listener)
	}
	return k, nil
}

// route has new connections to an address of a Service go where dial says. Without dial, there is
// no way to the Service any more.
func (k *konnectivity) route(service string, dial dialer) {
	k.lock.Lock()
	defer k.lock.Unlock()
	if dial == nil {
		delete(k.routes, service)
		return
	}
	k.routes[service] = dial
}

func (k *konnectivity) connect(w http.ResponseWriter, r *http.Request) {
	k.lock.Lock()
	dial := k.routes[r.Host]
	k.lock.Unlock()
	if r.Method != http.MethodConnect || dial == nil {
		http.Error(w, "no way to "+r.Host, http.StatusServiceUnavailable)
		return
	}
	backend, err := dial()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		backend.Close()
		return
	}
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		backend.Close()
		client.Close()
		return
	}
	go carry(backend, client)
	go carry(client, backend)
}

// carry copies until one side ends, and then ends both.
func carry(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
}
