package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write golden files anew")

const scripts = "../../testdata/script"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mlpolicy": main})
}

// TestScripts runs the command as people do. Beside the commands of testscript a script
// has "exits CODE COMMAND...", and the condition [root].
func TestScripts(t *testing.T) {
	found, err := filepath.Glob(scripts + "/*.txtar")
	if err != nil || len(found) == 0 {
		t.Fatalf("no scripts in %s: %v", scripts, err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 scripts,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Condition: func(condition string) (bool, error) {
			if condition == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, errors.New("unknown condition")
		},
	})
}

// exits runs a command and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func TestRunIsInterruptedWhileItWaitsForInput(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		ctx, cancel := context.WithCancel(t.Context())
		stdin, writer := io.Pipe()
		defer writer.Close()
		var stdout, stderr bytes.Buffer
		time.AfterFunc(20*time.Millisecond, cancel)
		code := run(ctx, []string{"mlpolicy", "lint", "--format", format, "-"}, stdin, &stdout, &stderr)
		if code != exitFailure || stdout.Len() > 0 || stderr.String() != "mlpolicy: interrupted\n" {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
		}
	}
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
