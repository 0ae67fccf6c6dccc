package metrics

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Runtime adds what is known of the Go runtime and, on Linux, of the process, by the names
// that Prometheus's own libraries have for it.
func (s *Set) Runtime() {
	s.metrics = append(s.metrics, golang{}, process{})
}

type golang struct{}

func (golang) name() string { return "go" }

func (golang) write(p *page) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	gc := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&gc)
	threads, _ := runtime.ThreadCreateProfile(nil)
	bytes := func(name, help string, value uint64) {
		p.one(gauge, "go_memstats_"+name+"_bytes", help, float64(value))
	}

	p.describe(described{"go_gc_duration_seconds", "A summary of the pauses of the whole process in garbage collection cycles.", summary})
	for i, pause := range gc.PauseQuantiles {
		p.sample("go_gc_duration_seconds", pause.Seconds(), "quantile", number(float64(i)/4))
	}
	p.sample("go_gc_duration_seconds_sum", gc.PauseTotal.Seconds())
	p.sample("go_gc_duration_seconds_count", float64(gc.NumGC))
	p.one(gauge, "go_gc_gomemlimit_bytes", "Memory limit that the garbage collector keeps to, as GOMEMLIMIT sets it.", float64(debug.SetMemoryLimit(-1)))
	p.one(gauge, "go_goroutines", "Number of goroutines that currently exist.", float64(runtime.NumGoroutine()))
	p.describe(described{"go_info", "Information about the Go environment.", gauge})
	p.sample("go_info", 1, "version", runtime.Version())
	bytes("alloc", "Number of bytes allocated in heap and currently in use.", m.Alloc)
	p.one(counter, "go_memstats_alloc_bytes_total", "Total number of bytes allocated in heap until now, even if released already.", float64(m.TotalAlloc))
	p.one(counter, "go_memstats_frees_total", "Total number of heap objects freed.", float64(m.Frees))
	bytes("heap_alloc", "Number of heap bytes allocated and currently in use.", m.HeapAlloc)
	bytes("heap_idle", "Number of heap bytes waiting to be used.", m.HeapIdle)
	bytes("heap_inuse", "Number of heap bytes that are in use.", m.HeapInuse)
	p.one(gauge, "go_memstats_heap_objects", "Number of currently allocated objects.", float64(m.HeapObjects))
	bytes("heap_released", "Number of heap bytes released to the operating system.", m.HeapReleased)
	bytes("heap_sys", "Number of heap bytes obtained from the operating system.", m.HeapSys)
	p.one(gauge, "go_memstats_last_gc_time_seconds", "Number of seconds since 1970 of last garbage collection.", float64(m.LastGC)/1e9)
	p.one(counter, "go_memstats_mallocs_total", "Total number of heap objects allocated, both live and freed.", float64(m.Mallocs))
	bytes("next_gc", "Number of heap bytes when next garbage collection will take place.", m.NextGC)
	bytes("stack_inuse", "Number of bytes of stacks in use.", m.StackInuse)
	bytes("sys", "Number of bytes obtained from the operating system.", m.Sys)
	p.one(gauge, "go_sched_gomaxprocs_threads", "Number of operating system threads that can run Go code at a time.", float64(runtime.GOMAXPROCS(0)))
	p.one(gauge, "go_threads", "Number of operating system threads created.", float64(threads))
}

type process struct{}

func (process) name() string { return "process" }

// clockTick is the seconds of the unit of times in /proc, on every architecture that Go runs on.
const clockTick = .01

// write leaves out what the operating system does not tell. See proc_pid_stat(5).
func (process) write(p *page) {
	stat, err := os.ReadFile("/proc/self/stat")
	// The name of the program, in parentheses, may hold any character.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if err != nil || len(fields) < 22 {
		return
	}
	field := func(number int) float64 { // as the manual numbers them
		value, _ := strconv.ParseFloat(fields[number-3], 64)
		return value
	}
	p.one(counter, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", (field(14)+field(15))*clockTick)
	if most, ok := after("/proc/self/limits", "Max open files"); ok {
		p.one(gauge, "process_max_fds", "Maximum number of open file descriptors.", most)
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.one(gauge, "process_open_fds", "Number of open file descriptors.", float64(len(open)-1)) // without that of the folder
	}
	p.one(gauge, "process_resident_memory_bytes", "Resident memory size in bytes.", field(24)*float64(os.Getpagesize()))
	if booted, ok := after("/proc/stat", "btime"); ok {
		p.one(gauge, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", booted+field(22)*clockTick)
	}
	p.one(gauge, "process_virtual_memory_bytes", "Virtual memory size in bytes.", field(23))
}

// after returns the number after the words with which a line of a file begins.
func after(file, words string) (value float64, ok bool) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, words)
		if fields := strings.Fields(rest); found && len(fields) > 0 {
			if fields[0] == "unlimited" {
				return math.Inf(1), true
			}
			value, err := strconv.ParseFloat(fields[0], 64)
			return value, err == nil
		}
	}
	return 0, false
}
