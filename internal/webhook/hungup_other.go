//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd

package webhook

import "net"

// hasHungUp is left to net/http.
func hasHungUp(net.Conn) bool { return false }
