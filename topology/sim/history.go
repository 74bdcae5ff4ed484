package sim

import (
	"fmt"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// history is what a failed run logs: faults as they were inflicted and what the apps had to say.
type history struct {
	w  *world
	mu struct {
		sync.Mutex
		lines []string
		left  int // out, as too many came
	}
}

// longest is how many lines are kept, the last ones.
const longest = 3000

func (h *history) note(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.lines = append(h.mu.lines, line)
	if over := len(h.mu.lines) - longest; over >= longest/2 {
		h.mu.lines = append(h.mu.lines[:0], h.mu.lines[over:]...)
		h.mu.left += over
	}
}

func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprintf("history, %d lines left out:\n%s", h.mu.left, strings.Join(h.mu.lines, "\n"))
}

// logger gives the log of a life. What it logs as an error is an anomaly, while it lives.
func (h *history) logger(l *life) *zap.Logger {
	enc := zap.NewDevelopmentEncoderConfig()
	enc.TimeKey, enc.CallerKey, enc.StacktraceKey, enc.ConsoleSeparator = "", "", "", " "
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(enc), zapcore.AddSync(&says{h, l}), zapcore.InfoLevel)
	return zap.New(core, zap.AddStacktrace(zapcore.FatalLevel+1))
}

// says writes the lines of one life.
type says struct {
	h *history
	l *life
}

func (s *says) Write(p []byte) (int, error) {
	line := strings.TrimSpace(string(p))
	s.h.note(fmt.Sprintf("%s   %s %s", clockOf(s.h.w.now()), s.l.of.name, line))
	if strings.HasPrefix(line, "ERROR") && !strings.HasPrefix(line, "ERROR kgo") && !s.l.ending() { // the client's are for the app to cope with
		s.h.w.anomaly("instance %s logs an error: %s", s.l.of.name, line)
	}
	return len(p), nil
}
