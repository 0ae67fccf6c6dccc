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
	socket string

	lock   sync.Mutex
	routes map[string]func() string // from the address of a Service to that of one of its pods
}

// startKonnectivity serves at a Unix socket.
func startKonnectivity(socket string) (*konnectivity, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	k := &konnectivity{socket: socket, routes: map[string]func() string{}}
	k.server = &http.Server{Handler: http.HandlerFunc(k.connect)}
	go k.server.Serve(listener)
	return k, nil
}

// route has the connections to the address of a Service go where to says; nowhere if that is
// empty. Without to, the Service has no way any more.
func (k *konnectivity) route(service string, to func() string) {
	k.lock.Lock()
	defer k.lock.Unlock()
	if to == nil {
		delete(k.routes, service)
		return
	}
	k.routes[service] = to
}

func (k *konnectivity) target(service string) string {
	k.lock.Lock()
	to := k.routes[service]
	k.lock.Unlock()
	if to == nil {
		return ""
	}
	return to()
}

func (k *konnectivity) connect(w http.ResponseWriter, r *http.Request) {
	address := k.target(r.Host)
	if r.Method != http.MethodConnect || address == "" {
		http.Error(w, "no endpoints of "+r.Host, http.StatusServiceUnavailable)
		return
	}
	backend, err := net.Dial("tcp", address)
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
