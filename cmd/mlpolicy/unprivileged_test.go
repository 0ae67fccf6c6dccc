//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user and group to whom no file of the tests belongs.
const nobody = 65534

// unprivileged reports whether permissions of files bind this process. For root, who may read and write all files, it
// runs the whole test in another process as another user and returns false.
func unprivileged(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return true
	}
	// The folders of go test and of t.TempDir are closed to other users.
	dir, err := os.MkdirTemp("", "unprivileged")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "mlpolicy.test")
	if err := copyExecutable(program); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-test.run", "^"+regexp.QuoteMeta(t.Name())+"$", "-test.v")
	command.Dir = dir
	command.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := command.CombinedOutput()
	if passed := "--- PASS: " + t.Name() + " "; err != nil || !bytes.Contains(output, []byte(passed)) {
		t.Errorf("as another user: %v\n%s", err, output)
	}
	return false
}

// copyExecutable copies the program of this process to a new file that all users may execute.
func copyExecutable(to string) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// TestForbidden runs lint on files and folders that the user may not read or write.
func TestForbidden(t *testing.T) {
	if !unprivileged(t) {
		return
	}
	t.Chdir(t.TempDir())
	const (
		gpu   = "{\n  \"computeType\": \"ACI\",\n  \"containerResourceRequirements\": {\"cpu\": 1, \"gpu\": 1, \"memoryInGB\": 4}\n}\n"
		twice = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec:\n  target: aks\n  target: aci\n  workload: web-service\n"
	)
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	lint := func(code int, stdout, stderr string, args ...string) {
		t.Helper()
		var out, problems bytes.Buffer
		got := runLoaded(t.Context(), append([]string{"mlpolicy", "lint"}, args...), strings.NewReader(""), &out, &problems)
		if got != code || !strings.Contains(out.String(), stdout) || problems.String() != stderr {
			t.Errorf("%v: exit code %d, want %d\n%s\n%s", args, got, code, &out, &problems)
		}
	}

	write("deploy.json", gpu, 0o644)
	write("secret/deploy.json", gpu, 0)
	lint(3, "deploy.json:3:", "mlpolicy: secret/deploy.json: permission denied\n", "secret", "deploy.json")
	if err := os.Symlink("secret/deploy.json", "linked.json"); err != nil {
		t.Fatal(err)
	}
	chmod("secret", 0)
	lint(3, "deploy.json:3:", "mlpolicy: linked.json: permission denied\nmlpolicy: secret: permission denied\n", ".")
	chmod("secret", 0o755)

	write("fixed/file.yaml", twice, 0o444)
	lint(3, "duplicate key", "mlpolicy: fixed/file.yaml: not fixed: permission denied\n", "--fix", "fixed")
	chmod("fixed/file.yaml", 0o644)
	chmod("fixed", 0o555)
	lint(3, "duplicate key", "mlpolicy: fixed/file.yaml: not fixed: permission denied\n", "--fix", "fixed")
	chmod("fixed", 0o755)
	lint(0, "", "mlpolicy: fixed 1 finding in 1 file\n", "--fix", "fixed")
}
