package webhook

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a review that a test has take room.
type fake struct {
	*claim
	interrupted bool
}

func (c *capacity) fake(known bool, size int) (*fake, bool) {
	f := &fake{}
	f.claim = c.claim(known, func() { f.interrupted = true })
	return f, f.grow(size)
}

func mustFit(t *testing.T, c *capacity, known bool, size int) *fake {
	t.Helper()
	f, ok := c.fake(known, size)
	if !ok {
		t.Fatalf("no room for %d bytes", size)
	}
	return f
}

// Bodies that are half sent make room for whoever comes later, the oldest first.
func TestHalfSentBodiesMakeRoom(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
	}{{"small", largeBody}, {"large", maxBody}} {
		for _, known := range []bool{true, false} {
			c := newCapacity(DefaultMaxInFlight)
			room := maxBodies / test.size
			if test.size > largeBody {
				room = maxLargeBodies / test.size
			}
			var held []*fake
			for range room {
				held = append(held, mustFit(t, c, false, test.size))
			}
			mustFit(t, c, known, test.size)
			if !held[0].interrupted || held[1].interrupted || !held[0].evicted {
				t.Errorf("%s, known %v: the first is interrupted: %v, the second: %v", test.name, known, held[0].interrupted, held[1].interrupted)
			}
			if held[0].grow(1) {
				t.Errorf("%s: what has lost its room grows", test.name)
			}
			if c.bodies != room*test.size {
				t.Errorf("%s: %d bytes are counted, want %d", test.name, c.bodies, room*test.size)
			}
		}
	}
}

// A known client takes precedence over unknown ones, and nobody over one that is known and quick.
func TestKnownClientsTakePrecedence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCapacity(DefaultMaxInFlight)
		quick, waiting := mustFit(t, c, true, maxBody), mustFit(t, c, false, maxBody)
		if !waiting.wait(func() { waiting.interrupted = true }) {
			t.Fatal("it may not wait")
		}
		if _, ok := c.fake(false, maxBody); ok || quick.interrupted || waiting.interrupted {
			t.Error("an unknown client takes room from those who have it")
		}
		other := mustFit(t, c, true, maxBody)
		if !waiting.interrupted || quick.interrupted {
			t.Errorf("the one that waits is interrupted: %v, the known one: %v", waiting.interrupted, quick.interrupted)
		}
		if _, ok := c.fake(true, maxBody); ok {
			t.Error("a known client takes room from others that are known and quick")
		}
		time.Sleep(2 * slowBody)
		mustFit(t, c, true, maxBody)
		if !quick.interrupted || other.interrupted {
			t.Errorf("the slow one is interrupted: %v, the next: %v", quick.interrupted, other.interrupted)
		}
	})
}

// What runs keeps its room.
func TestRunningReviewsKeepTheirRoom(t *testing.T) {
	c := newCapacity(1)
	running := mustFit(t, c, false, 1)
	if err := running.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := mustFit(t, c, true, 1)
	if err := next.enter(t.Context()); !errors.Is(err, errShed) {
		t.Errorf("one review more than may be: %v", err)
	}
	next.end()
	running.end()
	if c.inFlight != 0 || c.bodies != 0 || len(c.turns) != 0 || len(c.pending) != 0 {
		t.Errorf("something is left: %+v", c)
	}
}

// In flight, too, a known client takes the place of an unknown one that waits.
func TestKnownClientsTakePlacesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCapacity(1)
		for range cap(c.turns) {
			c.turns <- struct{}{} // nobody gets a turn
		}
		first := mustFit(t, c, false, 1)
		shed := make(chan error)
		go func() { shed <- first.enter(t.Context()) }()
		synctest.Wait()
		if _, ok := c.fake(false, 1); !ok || c.inFlight != 1 {
			t.Fatalf("%d reviews in flight", c.inFlight)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		known := mustFit(t, c, true, 1)
		left := make(chan error)
		go func() { left <- known.enter(ctx) }()
		if err := <-shed; !errors.Is(err, errShed) {
			t.Errorf("the unknown one: %v", err)
		}
		<-c.turns
		if err := <-left; err != nil {
			t.Errorf("the known one: %v", err)
		}
	})
}

// Several large reviews run at once as far as the limit of memory goes, and leave turns to the
// others.
func TestLargeReviewsRunBesideEachOther(t *testing.T) {
	const size = largeBody + 1
	for _, test := range []struct {
		name     string
		maxNodes int64
		want     int // of a number that are there, how many run
	}{
		{"memory for many", 100 * size, runtime.GOMAXPROCS(0)},
		{"memory for one", size, 1},
		{"memory for less than one", size / 2, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCapacity(DefaultMaxInFlight)
			c.largeNodes = newNodes(test.maxNodes)
			ctx, cancel := context.WithCancel(t.Context())
			left := make(chan error, 32)
			for range cap(left) {
				f := mustFit(t, c, false, size)
				go func() {
					left <- f.enter(ctx)
				}()
			}
			synctest.Wait()
			if got := len(c.turns); got != test.want {
				t.Errorf("%s: %d large reviews run, want %d", test.name, got, test.want)
			}
			if err := mustFit(t, c, false, 1).enter(ctx); err != nil {
				t.Errorf("%s: a small one beside them: %v", test.name, err)
			}
			cancel()
			for range cap(left) {
				<-left
			}
		})
	}
}

func TestMaxNodesWithin(t *testing.T) {
	for memory, want := range map[int64]int64{
		64 << 20:  largeBody,
		512 << 20: 160 << 20 / nodeFactor,
		1 << 30:   416 << 20 / nodeFactor,
	} {
		if got := maxNodesWithin(memory); got != want {
			t.Errorf("%d MiB: %d bytes, want %d", memory>>20, got, want)
		}
	}
}

// TestProcessorsTakeNoMemory: what runs at once has room in the limit of memory, however many
// processors a node has and whatever the size of the bodies.
func TestProcessorsTakeNoMemory(t *testing.T) {
	const memory = 460 << 20 // GOMEMLIMIT of the chart
	for _, processors := range []int{1, 2, 32, 256} {
		for _, size := range []int{1, 1 << 10, 16 << 10, largeBody / 2, largeBody, largeBody + 1, 1 << 20} {
			synctest.Test(t, func(t *testing.T) {
				c := newCapacityOf(1<<20, processors, memory)
				ctx, cancel := context.WithCancel(t.Context())
				var left sync.WaitGroup
				number := min(2*processors+1, maxLargeBodies/size)
				for range number {
					f := mustFit(t, c, false, size)
					left.Go(func() { _ = f.enter(ctx) })
				}
				synctest.Wait()
				runs := len(c.turns)
				if takes := baseMemory + runs*size*nodeFactor; runs == 0 || takes > memory {
					t.Errorf("%d processors, %d bytes: %d of %d run, which take %d MiB", processors, size, runs, number, takes>>20)
				}
				if size <= 4<<10 && processors <= 32 && runs != 2*processors {
					t.Errorf("%d processors, %d bytes: only %d run", processors, size, runs)
				}
				cancel()
				left.Wait()
			})
		}
		c := newCapacityOf(DefaultMaxInFlight, processors, memory)
		if takes := baseMemory + (c.smallNodes.most+c.largeNodes.most)*nodeFactor; takes > memory {
			t.Errorf("%d processors: all take %d MiB", processors, takes>>20)
		}
	}
}

// What comes too late, waits for too long, or has no room fails in a way of its own.
func TestEnterSaysWhyNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCapacityOf(1, 1, usualMemory)
		late, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		if err := mustFit(t, c, true, 1).enter(late); !errors.Is(err, errLate) || errors.Is(err, errShed) {
			t.Errorf("too late: %v", err)
		}
		for range cap(c.turns) {
			c.turns <- struct{}{}
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waits := mustFit(t, c, true, 1)
		failed := make(chan error)
		go func() { failed <- waits.enter(short) }()
		synctest.Wait()
		if err := mustFit(t, c, true, 1).enter(t.Context()); !errors.Is(err, errShed) {
			t.Errorf("no room: %v", err)
		}
		if err := <-failed; !errors.Is(err, errNoTurn) || errors.Is(err, errShed) {
			t.Errorf("no turn: %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := mustFit(t, c, true, 1).enter(gone); !errors.Is(err, errGone) {
			t.Errorf("gone: %v", err)
		}
	})
}
