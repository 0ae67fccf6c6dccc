//go:build linux || darwin || freebsd || netbsd || openbsd

package webhook

import (
	"net"
	"syscall"
)

// hasHungUp reports whether the client closed its connection, or sent more than the unanswered request, which an API
// server does only to close it. net/http notices this too, but later: after a pause of the process, reviews are
// complete by then.
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
