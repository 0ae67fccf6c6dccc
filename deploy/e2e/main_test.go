// Package e2e runs the real binary and the chart's own manifests against a real API server.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// shared is the control plane of all tests, which run one after another.
var shared *cluster

func TestMain(m *testing.M) {
	if binary := stoodInFor(); binary != "" {
		fmt.Fprintln(os.Stderr, dieWithParent(binary))
		os.Exit(1)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mlpolicy-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	shared, err = startCluster(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the control plane:", err)
		return 1
	}
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		return 1
	}
	return code
}

// standIns are links by the names of binaries to this test's own binary, which envtest starts in
// their place: it gives processes no signal for the death of the test, without which they would
// live on after one that was killed.
func standIns(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// stoodInFor is the binary that this process was started in place of; empty if it is the test.
func stoodInFor() string {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd", "kube-apiserver":
		return asset(name)
	}
	return ""
}

// dieWithParent becomes a binary that is killed when its parent ends. It returns only an error.
func dieWithParent(binary string) error {
	runtime.LockOSThread() // the signal is of a thread, which exec keeps
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	return syscall.Exec(binary, append([]string{binary}, os.Args[1:]...), os.Environ())
}

// asset is the path of a binary of the control plane.
func asset(name string) string { return filepath.Join(fromEnv("KUBEBUILDER_ASSETS", "bin"), name) }

// fromEnv is the absolute path that an environment variable holds, or else one from here.
func fromEnv(name, otherwise string) string {
	path := os.Getenv(name)
	if path == "" {
		path = otherwise
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return absolute
}
