package units

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/state"
)

// class is a set of metrics that take an event, decided when the event arrived: rows name it by a number. decimals are
// those of the metrics that take values, ascending; a kept event has one scaled value for each.
type class struct {
	id       uint32
	decimals []int
	takes    []take
	named    bool // a kept event has its id: the latest of them is asked for
}

// take is what one run does with the events of a class.
type take struct {
	hash    uint64
	number  int
	run     *run // nil while it is not in the catalog
	metrics []taken
}

// taken is one metric; slot is the index of its decimals, -1 for metrics that ignore the value.
type taken struct{ metric, slot int }

// classes are all classes of the table.
type classes struct {
	byID  []*class
	byKey map[string]*class
	key   []byte
}

// load reads the classes at the start.
func (c *classes) load(table *state.Table) error {
	c.byKey = map[string]*class{}
	var bad error
	err := table.Scan([]byte("c|"), []byte("c}"), func(key, value []byte) bool {
		k := &class{id: uint32(len(c.byID))}
		if bad = k.parse(value); bad == nil && string(key) != string(appendClassKey(nil, k.id)) {
			bad = fmt.Errorf("units: class row %x: %w", key, ErrRow)
		}
		c.byID = append(c.byID, k)
		c.byKey[string(value)] = k
		return bad == nil
	})
	if err != nil {
		return err
	}
	return bad
}

// resolve finds the runs of all classes in a catalog.
func (c *classes) resolve(runs map[uint64]*run) {
	for _, k := range c.byID {
		for i := range k.takes {
			t := &k.takes[i]
			if t.run = runs[t.hash]; t.run != nil && t.run.number != t.number {
				t.run = nil
			}
		}
		k.name()
	}
}

// of gives the class of an event; a new one is written to the table.
func (c *classes) of(k *eventType, ev *event.Event, table *state.Table) *class {
	small := len(k.takers) <= 64
	bits := uint64(0)
	if small {
		bits = k.set(ev)
		if known := k.bySet[bits]; known != nil {
			return known
		}
	}
	made := c.make(k, ev, table)
	if small {
		k.bySet[bits] = made
	}
	return made
}

// make builds a class, or finds it where it is known by another type's set.
func (c *classes) make(k *eventType, ev *event.Event, table *state.Table) *class {
	fresh := &class{id: uint32(len(c.byID))}
	for _, t := range k.takers {
		if m := &t.run.metrics[t.metric]; m.matches(ev) && m.valued && !slices.Contains(fresh.decimals, m.decimals) {
			fresh.decimals = append(fresh.decimals, m.decimals)
		}
	}
	slices.Sort(fresh.decimals)
	for _, t := range k.takers {
		if t.run.metrics[t.metric].matches(ev) {
			fresh.add(t)
		}
	}
	fresh.name()
	c.key = fresh.append(c.key[:0])
	if known := c.byKey[string(c.key)]; known != nil {
		return known
	}
	c.byID = append(c.byID, fresh)
	c.byKey[string(c.key)] = fresh
	table.Put(appendClassKey(nil, fresh.id), c.key)
	return fresh
}

func (k *class) add(t taker) {
	if n := len(k.takes); n == 0 || k.takes[n-1].run != t.run {
		k.takes = append(k.takes, take{hash: t.run.hash, number: t.run.number, run: t.run})
	}
	slot := -1
	if m := &t.run.metrics[t.metric]; m.valued {
		slot = slices.Index(k.decimals, m.decimals)
	}
	last := &k.takes[len(k.takes)-1]
	last.metrics = append(last.metrics, taken{t.metric, slot})
}

// name finds out whether events of the class keep their ids.
func (k *class) name() {
	k.named = false
	for _, t := range k.takes {
		for i := 0; t.run != nil && i < len(t.metrics); i++ {
			k.named = k.named || t.run.metrics[t.metrics[i].metric].kind == last
		}
	}
}

// take is what a run does with an event of the class, nil for nothing.
func (k *class) take(x *run) *take {
	for i := range k.takes {
		if k.takes[i].run == x {
			return &k.takes[i]
		}
	}
	return nil
}

func appendClassKey(dst []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, "c|"...), id)
}

// append appends the layout that the package doc shows.
func (k *class) append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, layout), uint64(len(k.decimals)))
	for _, d := range k.decimals {
		dst = binary.AppendUvarint(dst, uint64(d))
	}
	dst = binary.AppendUvarint(dst, uint64(len(k.takes)))
	for _, t := range k.takes {
		dst = binary.BigEndian.AppendUint64(dst, t.hash)
		dst = binary.AppendUvarint(dst, uint64(t.number))
		dst = binary.AppendUvarint(dst, uint64(len(t.metrics)))
		for _, m := range t.metrics {
			dst = binary.AppendUvarint(dst, uint64(m.metric))
			dst = binary.AppendUvarint(dst, uint64(m.slot+1))
		}
	}
	return dst
}

func (k *class) parse(value []byte) error {
	in := reader{rest: value}
	in.version()
	for n := in.count(); n > 0 && !in.bad; n-- {
		k.decimals = append(k.decimals, int(in.count()))
	}
	for n := in.count(); n > 0 && !in.bad; n-- {
		t := take{hash: in.uint64(), number: int(in.count())}
		for m := in.count(); m > 0 && !in.bad; m-- {
			t.metrics = append(t.metrics, taken{int(in.count()), int(in.count()) - 1})
		}
		k.takes = append(k.takes, t)
	}
	if in.bad || len(in.rest) > 0 {
		return fmt.Errorf("units: class of %d bytes: %w", len(value), ErrRow)
	}
	return nil
}
