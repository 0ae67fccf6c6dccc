package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

const scripts = "../../testdata/script"

func TestMain(m *testing.M) {
	setGCPercent(runGCPercent) // as main does
	testscript.Main(m, map[string]func(){"mlpolicy": main})
}

// builtin loads the builtin policies once for all tests of this process.
var builtin = sync.OnceValues(func() (*policy.Policies, error) {
	return policy.LoadSound(context.Background(), policies.FS)
})

// runLoaded is run with the policies of builtin.
func runLoaded(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&program{builtin: builtin}).run(ctx, args, stdin, stdout, stderr)
}

// processes makes every command of a script a separate process. By default commands that do not need a
// process are calls of run, which share the loaded policies.
var processes = flag.Bool("processes", false, "run all commands of scripts as processes")

// TestScripts runs the scripts of testscript. In addition to its commands, they have
// "exits CODE COMMAND...".
func TestScripts(t *testing.T) {
	found, err := filepath.Glob(scripts + "/*.txtar")
	if err != nil || len(found) == 0 {
		t.Fatalf("no scripts in %s: %v", scripts, err)
	}
	dir, err := filepath.Abs(scripts) // calls change the working directory
	if err != nil {
		t.Fatal(err)
	}
	calls := &caller{}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		UpdateScripts:       golden.Update(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			policies, err := builtin()
			if err == nil {
				env.Setenv("POLICY_DIGEST", policies.Digest())
			}
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": calls.exits},
	})
}

// caller runs commands of concurrent scripts in this process.
type caller struct {
	mu sync.Mutex // for the working directory and the environment of the process
}

// exits runs a command and checks its exit code.
func (c *caller) exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	args = args[1:]
	var got int
	// The stdin command of testscript provides input only to processes.
	if *processes || args[0] != "mlpolicy" || slices.Contains(args, "-") {
		var exit *exec.ExitError
		if err := ts.Exec(args[0], args[1:]...); errors.As(err, &exit) {
			got = exit.ExitCode()
		} else if err != nil {
			ts.Fatalf("%v", err)
		}
	} else {
		got, err = c.call(ts, args)
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// call runs the command in this process, in the working directory and the environment of a script.
func (c *caller) call(ts *testscript.TestScript, args []string) (code int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	dir := ts.MkAbs(".")
	if err := os.Chdir(dir); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.Chdir(before)) }()
	// All variables that the command reads, and PWD.
	for name, value := range map[string]string{
		"CLICOLOR_FORCE": ts.Getenv("CLICOLOR_FORCE"), "NO_COLOR": ts.Getenv("NO_COLOR"), "TERM": ts.Getenv("TERM"),
		"GITHUB_STEP_SUMMARY": ts.Getenv("GITHUB_STEP_SUMMARY"), "AGENT_TEMPDIRECTORY": ts.Getenv("AGENT_TEMPDIRECTORY"),
		"KUBERNETES_SERVICE_HOST": ts.Getenv("KUBERNETES_SERVICE_HOST"), "PWD": dir,
	} {
		old, was := os.LookupEnv(name)
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
		defer func() {
			if was {
				os.Setenv(name, old)
			} else {
				os.Unsetenv(name)
			}
		}()
	}
	return runLoaded(context.Background(), args, strings.NewReader(""), ts.Stdout(), ts.Stderr()), nil
}

func TestRunIsInterruptedWhileItWaitsForInput(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		ctx, cancel := context.WithCancel(t.Context())
		stdin, writer := io.Pipe()
		defer writer.Close()
		var stdout, stderr bytes.Buffer
		time.AfterFunc(20*time.Millisecond, cancel)
		code := run(ctx, []string{"mlpolicy", "lint", "--format", format, "-"}, stdin, &stdout, &stderr)
		if code != exitInterrupted || stdout.Len() > 0 || stderr.String() != "mlpolicy: interrupted\n" {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
		}
	}
}

// A signal ends a run with the exit code that shells report for it.
func TestSignalsHaveExitCodes(t *testing.T) {
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(signal.String(), func(t *testing.T) {
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=TestWaitsForInput")
			command.Env = append(os.Environ(), waitsForInput+"=1")
			stdin, err := command.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			stderr, err := command.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stderr)
			if !lines.Scan() || lines.Text() != "waiting" {
				t.Fatalf("stderr: %q", lines.Text())
			}
			if err := command.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			lines.Scan()
			said := lines.Text()
			var exit *exec.ExitError
			if err := command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != want || said != "mlpolicy: interrupted" {
				t.Errorf("%v, want exit code %d; stderr %q", err, want, said)
			}
		})
	}
}

const waitsForInput = "MLPOLICY_TEST_WAITS"

// TestWaitsForInput is the process that TestSignalsHaveExitCodes starts. It waits for input that never
// arrives.
func TestWaitsForInput(t *testing.T) {
	if os.Getenv(waitsForInput) == "" {
		return
	}
	ctx := untilSignal(context.Background())
	os.Stderr.WriteString("waiting\n")
	os.Exit(run(ctx, []string{"mlpolicy", "lint", "-"}, os.Stdin, os.Stdout, os.Stderr))
}

func TestRunReportsThatItCannotWrite(t *testing.T) {
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"mlpolicy", "version"}, strings.NewReader(""), full{}, &stderr)
	if code != exitFailure || stderr.String() != "mlpolicy: write to standard output: disk full\n" {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// examplesOfRules writes the examples of all rules into a folder: <rule>/{bad,good}.<case>.<extension>.
func examplesOfRules(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	loaded, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, rule := range loaded.Rules() {
		if err := os.MkdirAll(filepath.Join(dir, rule.ID), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, example := range rule.Examples {
			if err := os.WriteFile(filepath.Join(dir, rule.ID, example.Name), []byte(example.Content), 0o644); err != nil {
				t.Fatal(err)
			}
			written++
		}
	}
	if written == 0 {
		t.Fatal("no rule has examples")
	}
	return dir
}
