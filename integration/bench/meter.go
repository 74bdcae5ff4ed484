package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// usage is what a process has used from when it could first take a record until all were counted.
type usage struct {
	CPU  time.Duration `json:"cpu"` // user and system, all threads
	Wall time.Duration `json:"wall"`
	Peak int64         `json:"peak"` // bytes resident, over the whole life of the process
	// Dropped is how many records came too late for their window.
	Dropped int64 `json:"dropped"`
}

// meter takes the usage of this process.
type meter struct {
	once struct{ begin, end sync.Once }
	at   time.Time
	cpu  time.Duration
	used usage
	late atomic.Int64 // records
	err  error
}

// begin is called when the first record may come; only the first call counts.
func (m *meter) begin() {
	m.once.begin.Do(func() {
		m.at = time.Now()
		m.cpu, m.err = cpuTime()
	})
}

// end is called when all is counted; only the first call counts.
func (m *meter) end() {
	m.once.end.Do(func() {
		wall := time.Since(m.at)
		cpu, err := cpuTime()
		peak, peakErr := peakMemory()
		for _, e := range []error{err, peakErr} {
			if m.err == nil {
				m.err = e
			}
		}
		m.used = usage{CPU: cpu - m.cpu, Wall: wall, Peak: peak}
	})
}

// report writes the usage for the parent process.
func (m *meter) report() error {
	if m.err != nil {
		return m.err
	}
	m.used.Dropped = m.late.Load()
	return json.NewEncoder(os.Stdout).Encode(m.used)
}

func cpuTime() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// peakMemory reads the high-water mark from /proc: that of getrusage is inherited from the parent.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("peak memory: %w", err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kib int64
	if _, err := fmt.Sscanf(string(rest), "%d kB", &kib); err != nil {
		return 0, fmt.Errorf("peak memory: VmHWM of /proc/self/status: %w", err)
	}
	return kib << 10, nil
}

// sample is what another process has used so far, and when.
type sample struct {
	at  time.Time
	cpu time.Duration
}

// sampleOf takes it from /proc, which has it in hundredths of a second.
func sampleOf(pid int) (s sample, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, fmt.Errorf("usage so far: %w", err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // after the name, from the third on
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return s, fmt.Errorf("usage so far: /proc/%d/stat is %q", pid, stat)
	}
	for _, field := range fields[utime : stime+1] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return s, fmt.Errorf("usage so far: /proc/%d/stat: %w", pid, err)
		}
		s.cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	s.at = time.Now()
	return s, nil
}
