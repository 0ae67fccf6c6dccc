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
	"runtime"
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

// Exit codes in ascending order of precedence.
const (
	exitClean    = 0 // nothing at or above --fail-on
	exitFindings = 1
	exitUsage    = 2 // the command line, the configuration or a policy is wrong
	exitFailure  = 3 // the result is missing or incomplete

	exitSignal      = 128 // plus the number of the signal that ended the run
	exitInterrupted = exitSignal + int(syscall.SIGINT)
)

func main() {
	collectLate()
	// Report EPIPE as a write error instead of dying of SIGPIPE.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(untilSignal(context.Background()), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// untilSignal returns a context that the first termination signal cancels, with a signalled as its
// cause. A second signal ends the process immediately.
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

// interrupted returns the exit code of a run whose context ended, as shells report it for a process
// that a signal ended: 130 for Ctrl-C, 143 for SIGTERM.
func interrupted(ctx context.Context) int {
	var cause signalled
	if errors.As(context.Cause(ctx), &cause) {
		if number, ok := cause.Signal.(syscall.Signal); ok {
			return exitSignal + int(number)
		}
	}
	return exitInterrupted
}

// Values of GOGC in per cent. The live heap has a few MiB at first, mostly policies. A collection then costs as much as
// reading a hundred files, so the first one of a run is at 32 MiB, eight times the smallest heap; at the same value, the
// heap of a large run would grow ninefold before each of the others, which have Go's default. At that value, a review takes 1.8
// times the processor time; at 400, the webhook exceeds 64 MiB under full load.
const (
	firstGCPercent   = 800
	runGCPercent     = 100
	webhookGCPercent = 250
)

// collectLate sets GOGC for a run, unless the environment does: firstGCPercent until the first collection, which runs the
// cleanup, then runGCPercent, unless the webhook has its own value.
func collectLate() {
	if !setGCPercent(firstGCPercent) {
		return
	}
	runtime.AddCleanup(new(*int), func(percent int) {
		if before := debug.SetGCPercent(percent); before != firstGCPercent {
			debug.SetGCPercent(before)
		}
	}, runGCPercent)
}

// setGCPercent sets GOGC unless the environment does.
func setGCPercent(percent int) (set bool) {
	if os.Getenv("GOGC") != "" {
		return false
	}
	debug.SetGCPercent(percent)
	return true
}

// run executes a command line and returns the exit code. No other function converts errors to exit
// codes.
//
// Lines on stderr consist of "mlpolicy: " and a message in lower case without a final full stop. A
// usageError can add a line with a hint. Output never contains commands that a CI host would execute in
// the log of a job.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{
		builtin: sync.OnceValues(func() (*policy.Policies, error) { return policy.LoadSound(ctx, policies.FS) }),
	}
	if len(args) > 1 && args[1] == "lint" {
		go p.builtin() // while the command line is parsed
	}
	return p.run(ctx, args, stdin, stdout, stderr)
}

// run is the function run with the builtin policies of p.
func (p *program) run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	safeOut, safeErr := report.NewHostWriter(stdout), report.NewHostWriter(stderr)
	defer safeErr.Flush() // its error cannot be reported
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

// program is the state of one run of the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	builtin        func() (*policy.Policies, error) // loads the embedded policies
}

// complain writes a message to stderr, each line with the prefix.
func (p *program) complain(message string) {
	for line := range strings.Lines(message) {
		fmt.Fprintf(p.stderr, "mlpolicy: %s\n", report.Printable(strings.TrimSuffix(line, "\n")))
	}
}

// finish writes to stderr what could not be read or evaluated, and returns the error that a command ends with. unwritten
// is that of its output, and fails reports whether it found something.
func (p *program) finish(unwritten error, incomplete []error, fails bool) error {
	for _, err := range incomplete {
		p.complain(err.Error())
	}
	switch {
	case unwritten != nil:
		return unwritten
	case len(incomplete) > 0:
		return errIncomplete
	case fails:
		return errFindings
	}
	return nil
}

// complainOf writes problems of documents to stderr.
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
	// errFindings means that there are findings at or above --fail-on.
	errFindings = errors.New("findings")
	// errIncomplete means that a part of the input could not be evaluated. stderr has the reason.
	errIncomplete = errors.New("incomplete")
)

// usageError is a mistake in the command line, the configuration or a policy.
type usageError struct {
	message string
	hint    string // on its own line; may be empty
}

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) *usageError {
	return &usageError{message: fmt.Sprintf(format, args...)}
}

// seeHelp adds a hint to the help of a command.
func (e *usageError) seeHelp(command string) *usageError {
	e.hint = "See: mlpolicy " + strings.TrimPrefix(command+" --help", " ")
	return e
}
