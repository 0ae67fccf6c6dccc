package main

import (
	"fmt"
	"sync"
	"time"
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
