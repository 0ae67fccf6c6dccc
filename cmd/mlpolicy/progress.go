package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
)

const (
	// progressDelay avoids a flickering line in short runs.
	progressDelay    = time.Second
	progressInterval = 100 * time.Millisecond
	eraseLine        = "\r\x1b[K"
)

// progress is a line on a terminal with the number of files.
type progress struct {
	stop chan struct{}
	done sync.WaitGroup
}

// progress shows the number of files on stderr after progressDelay if stderr is a terminal.
func (p *program) progress(files *files) *progress {
	line := &progress{stop: make(chan struct{})}
	if terminal(p.stderr) == nil {
		return line
	}
	line.done.Go(func() {
		timer := time.NewTimer(progressDelay)
		defer timer.Stop()
		shown := false
		for {
			select {
			case <-line.stop:
				if shown {
					fmt.Fprint(p.stderr, eraseLine)
				}
				return
			case <-timer.C:
				shown = true
				fmt.Fprint(p.stderr, eraseLine, counted(int(files.count.Load()), "file"))
				timer.Reset(progressInterval)
			}
		}
	})
	return line
}

// end erases the line.
func (l *progress) end() {
	close(l.stop)
	l.done.Wait()
}

// withProgress runs what reads files and shows their number on the way. The error is also that of the context.
func withProgress[Result any](p *program, c *cli.Context, files *files, run func() (Result, error)) (Result, error) {
	line := p.progress(files)
	result, err := run()
	line.end()
	if err == nil {
		err = c.Context.Err()
	}
	return result, err
}
