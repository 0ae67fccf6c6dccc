package main

import (
	"fmt"
	"sync"
	"time"
)

const (
	// progressDelay spares those who do not wait a line that flickers.
	progressDelay    = time.Second
	progressInterval = 100 * time.Millisecond
	eraseLine        = "\r\x1b[K"
)

// progress is a line on a terminal that counts files.
type progress struct {
	stop chan struct{}
	done sync.WaitGroup
}

// progress counts the files on stderr, from a second on and if it is a terminal.
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
