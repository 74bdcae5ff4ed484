package task

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/topology"
)

// Punctuate registers a punctuator. That of stream time is due by the committed stream time alone; that of the wall clock
// has a row in the task store, s | name: 1 | due 8, Unix ms.
func (t *Task) Punctuate(p topology.Punctuator) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if t.punctuators[p.Name] {
		return fmt.Errorf("punctuator %q: the sub-topology has another of that name", p.Name)
	}
	t.punctuators[p.Name] = true
	every := p.Every.Milliseconds()
	if p.Clock == topology.StreamClock {
		t.punctuateStream(every, p.Fire)
		return nil
	}
	return t.punctuateWall(p.Name, every, p.Fire)
}

func (t *Task) punctuateStream(every int64, fire func(now int64) error) {
	var timer *topology.Timer
	timer = t.OnStreamTime(func(now int64) error {
		timer.At(after(now, every))
		return fire(now)
	})
	if timer.At(math.MinInt64 + 1); t.clock.stream > math.MinInt64 {
		timer.At(after(t.clock.stream, every))
	}
}

func (t *Task) punctuateWall(name string, every int64, fire func(now int64) error) error {
	key := append([]byte{'s'}, name...)
	row, known, err := t.own.Get(key)
	if err != nil {
		return err
	}
	due := int64(0) // the first step tells the time
	if known {
		if len(row) != 9 || row[0] != 1 {
			return fmt.Errorf("punctuator %q: row %x: malformed", name, row)
		}
		due = int64(binary.BigEndian.Uint64(row[1:]))
	}
	var timer *topology.Timer
	timer = t.OnWallClock(func(now int64) error {
		first := due == 0
		if first {
			due = now
		}
		due += (1 + (now-due)/every) * every
		timer.At(due)
		t.own.Put(key, binary.BigEndian.AppendUint64([]byte{1}, uint64(due)))
		if first {
			return nil
		}
		return fire(now)
	})
	timer.At(due)
	return nil
}

// after is the first multiple of a period behind a time.
func after(now, every int64) int64 {
	into := now % every
	if into < 0 {
		into += every
	}
	return now - into + every
}
