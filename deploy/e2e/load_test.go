package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// failure is a create that got no verdict, or a wrong one.
type failure struct {
	step string // of the test
	err  error
}

func (f failure) String() string { return fmt.Sprintf("while %s: %v", f.step, f.err) }

// load creates Deployments from several workers until it is stopped, each of them right and
// wrong in turn, and counts what comes of every one.
type load struct {
	stopping context.CancelFunc
	workers  sync.WaitGroup

	lock             sync.Mutex
	step             string
	admitted, denied int       // as they should be
	wrong            []failure // verdicts
	failed           []failure // without a verdict
}

// startLoad starts workers, which end with the test at the latest.
func startLoad(t *testing.T, namespace string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{stopping: cancel, step: "nothing happens"}
	client, good, bad := creator(t), scorerOf(t, "scorer:4", false), scorerOf(t, "scorer:4", true)
	for range workers {
		l.workers.Go(func() {
			for ctx.Err() == nil {
				l.count(dryRun(context.Background(), client, namespace, good), false)
				l.count(dryRun(context.Background(), client, namespace, bad), true)
			}
		})
	}
	t.Cleanup(func() {
		if l.stop(); t.Failed() && len(l.failed) > 0 {
			t.Logf("%d of %d creates failed, first %s", len(l.failed), l.total(), l.failed[0])
		}
	})
	return l
}

// count takes what came of a create that is to be denied or not.
func (l *load) count(err error, deny bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	switch {
	case err != nil && !isDenial(err):
		l.failed = append(l.failed, failure{l.step, err})
	case isDenial(err) != deny:
		l.wrong = append(l.wrong, failure{l.step, fmt.Errorf("denied %v: %v", isDenial(err), err)})
	case deny:
		l.denied++
	default:
		l.admitted++
	}
}

// begin says what happens from now on.
func (l *load) begin(t *testing.T, step string) {
	t.Helper()
	l.lock.Lock()
	l.step = step
	l.lock.Unlock()
	t.Logf("after %d creates: %s", l.total(), step)
}

// total counts the creates that ended.
func (l *load) total() int {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.admitted + l.denied + len(l.wrong) + len(l.failed)
}

// failures are the creates that got no verdict so far.
func (l *load) failures() []failure {
	l.lock.Lock()
	defer l.lock.Unlock()
	return slices.Clone(l.failed)
}

// more waits for so many creates more.
func (l *load) more(t *testing.T, count int) {
	t.Helper()
	until := l.total() + count
	eventually(t, fmt.Sprintf("%d creates more", count), func() bool { return l.total() >= until })
}

// stop ends the workers, and waits until they are no more.
func (l *load) stop() {
	l.stopping()
	l.workers.Wait()
}

// spotless ends the load, of which every create got the verdict that it should.
func (l *load) spotless(t *testing.T) {
	t.Helper()
	l.stop()
	if len(l.failed) > 0 {
		t.Errorf("%d of %d creates failed, first %s", len(l.failed), l.total(), l.failed[0])
	}
	if len(l.wrong) > 0 {
		t.Errorf("%d of %d creates got a wrong verdict, first %s", len(l.wrong), l.total(), l.wrong[0])
	}
	if l.admitted == 0 || l.denied == 0 {
		t.Errorf("%d creates were admitted, %d denied", l.admitted, l.denied)
	}
}
