// Command mlpolicy lints ML deployment files against the table of Azure Machine Learning
// compute targets.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/policies"
)

// Exit codes. A later one wins over an earlier one.
const (
	exitClean    = 0 // nothing at or above --fail-on
	exitFindings = 1
	exitUsage    = 2 // the command line, the configuration or a policy is wrong
	exitFailure  = 3 // the job could not be done, or not all of it

	exitSignal      = 128 // and the number of the signal that ended the run
	exitInterrupted = exitSignal + int(syscall.SIGINT)
)

func main() {
	setGCPercent(runGCPercent)
	// Report EPIPE as a write error instead of dying of SIGPIPE.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(untilSignal(context.Background()), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// untilSignal returns a context that the first signal to end the process cancels, with a signalled
// as its cause. The second ends the process at once.
func untilSignal(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		cancel(signalled{received})
	}()
	return ctx
}

// signalled is the signal that ended a run.
type signalled struct{ os.Signal }

func (s signalled) Error() string { return s.String() }

// interrupted returns the exit code of a run whose context ended: 130 for Ctrl-C, 143 for SIGTERM, as
// a shell reports it of a process that a signal ended.
func interrupted(ctx context.Context) int {
	var cause signalled
	if errors.As(context.Cause(ctx), &cause) {
		if number, ok := cause.Signal.(syscall.Signal); ok {
			return exitSignal + int(number)
		}
	}
	return exitInterrupted
}

// What is in use is a few MiB, mostly policies. At Go's 100 per cent, a run over one file takes 1.35
// times the processor time and a review 1.8 times; at 400, the webhook exceeds 64 MiB under full load.
const (
	runGCPercent     = 400
	webhookGCPercent = 250
)

// setGCPercent sets GOGC unless the environment does.
func setGCPercent(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// run executes a command line and returns the exit code. It is the only place that makes
// one of an error.
//
// What it writes to stderr follows one form: "mlpolicy: ", what is wrong, in lower case
// and without a final stop; a mistake in the command line adds a line with a hint.
// No output contains what a CI host would execute in the log of a job.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{
		builtin: sync.OnceValues(func() (*policy.Policies, error) { return policy.Load(ctx, policies.FS, nil) }),
	}
	if len(args) > 1 && args[1] == "lint" {
		go p.builtin() // beside the work on the command line
	}
	return p.run(ctx, args, stdin, stdout, stderr)
}

// run is the function run with the program's own policies.
func (p *program) run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	safeOut, safeErr := report.NewHostWriter(stdout), report.NewHostWriter(stderr)
	defer safeErr.Flush() // there is nowhere to report its error
	p.stdin, p.stdout, p.stderr = stdin, safeOut, safeErr
	app := p.app()
	arranged, err := arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, arranged)
	}
	if flushed := safeOut.Flush(); err == nil {
		err = writing(flushed)
	}

	var usage *usageError
	var mistakes config.Errors
	var mistake *config.Error
	switch {
	case err == nil:
		return exitClean
	case ctx.Err() != nil:
		p.complain("interrupted")
		return interrupted(ctx)
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errIncomplete), errors.Is(err, syscall.EPIPE):
		return exitFailure
	case errors.As(err, &usage):
		p.complain(usage.message)
		if usage.hint != "" {
			fmt.Fprintln(p.stderr, report.Printable(usage.hint))
		}
		return exitUsage
	case errors.As(err, &mistakes):
		for _, mistake := range mistakes {
			p.complain(mistake.Error())
		}
		return exitUsage
	case errors.As(err, &mistake):
		p.complain(mistake.Error())
		return exitUsage
	}
	p.complain(err.Error())
	return exitFailure
}

// program is one run of the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	builtin        func() (*policy.Policies, error) // those that come with the program
}

// complain writes what is wrong to stderr, one prefix for each line of it.
func (p *program) complain(message string) {
	for line := range strings.Lines(message) {
		fmt.Fprintf(p.stderr, "mlpolicy: %s\n", report.Printable(strings.TrimSuffix(line, "\n")))
	}
}

// complainOf writes what documents leave unclear to stderr.
func (p *program) complainOf(problems []facts.Problem) {
	for _, problem := range problems {
		location := ""
		if at := report.Location(problem.Location); at != "" {
			location = at + ": "
		}
		p.complain(location + problem.Message)
	}
}

var (
	// errFindings means that findings were written that make the run fail.
	errFindings = errors.New("findings")
	// errIncomplete means that something could not be evaluated; stderr names it.
	errIncomplete = errors.New("incomplete")
)

// usageError is a mistake in the command line or in a file that it names.
type usageError struct {
	message string
	hint    string // on its own line; may be empty
}

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) *usageError {
	return &usageError{message: fmt.Sprintf(format, args...)}
}

// seeHelp adds the hint where all of a command is described.
func (e *usageError) seeHelp(command string) *usageError {
	e.hint = "See: mlpolicy " + strings.TrimPrefix(command+" --help", " ")
	return e
}
