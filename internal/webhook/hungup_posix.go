//go:build linux || darwin || freebsd || netbsd || openbsd

package webhook

import (
	"net"
	"syscall"
)

// hasHungUp reports whether the client of a connection has ended it, or sent more than the
// request that it has no answer to: an API server does so only to end it. net/http notices as
// well, but a moment later: after a pause of the process, reviews are done by then.
func hasHungUp(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	if err := raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = err != syscall.EAGAIN && err != syscall.EINTR
	}); err != nil {
		return true
	}
	return gone
}
