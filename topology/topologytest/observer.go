package topologytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// observer prints the records of a story as they appear.
type observer struct {
	story *story
	d     *Driver
	seen  map[string]int // records of topic/partition
	text  strings.Builder
}

func (o *observer) look() {
	for _, topic := range o.topics() {
		count := map[int32]int{}
		for _, r := range o.d.Records(topic) {
			if count[r.Partition]++; count[r.Partition] > o.seen[place(topic, r.Partition)] {
				fmt.Fprintln(&o.text, o.line(topic, r))
				o.seen[place(topic, r.Partition)]++
			}
		}
	}
}

// topics are those that the topology writes for others, then what is put aside.
func (o *observer) topics() (all []string) {
	for _, s := range o.d.topo.Subs {
		for _, sink := range s.Sinks {
			if !sink.Repartition {
				all = append(all, sink.Topic)
			}
		}
	}
	return append(all, o.d.cfg.Late, o.d.cfg.DeadLetter)
}

// clock prints a time as MM:SS after the start of the story, with ms where it has any.
func (o *observer) clock(ms int64) string {
	ms -= o.d.cfg.Wall
	text := fmt.Sprintf("%02d:%02d", ms/60000, ms/1000%60)
	if ms%1000 != 0 {
		text += fmt.Sprintf(".%03d", ms%1000)
	}
	return text
}

func (o *observer) line(topic string, r Record) string {
	h := r.HeaderMap()
	switch topic {
	case o.d.cfg.Late:
		var from, to int64
		_, _ = fmt.Sscanf(h["abacus.window"], "[%d,%d)", &from, &to)
		return fmt.Sprintf("late %s window [%s,%s) lateness %s from %s", raw(r.Key), o.clock(from), o.clock(to), h["abacus.lateness_ms"], h["abacus.source"])
	case o.d.cfg.DeadLetter:
		return fmt.Sprintf("dlq %s %s: %s from %s", raw(r.Key), h["abacus.reason"], h["abacus.error"], h["abacus.source"])
	}
	return topic + " " + o.pair(topic, r.Key, r.Value)
}

// raw is the key of a record that was put aside.
func raw(key []byte) string {
	if key == nil {
		return none
	}
	return string(key)
}

func (o *observer) pair(topic string, key, value []byte) string {
	form, k := o.story.form(topic), none
	if key != nil {
		var err error
		if k, err = form.PrintKey(key, o.clock); err != nil {
			k = fmt.Sprintf("%x (%v)", key, err)
		}
	}
	if value == nil {
		return k + " deleted"
	}
	v, err := form.PrintValue(value, o.clock)
	if err != nil {
		v = fmt.Sprintf("%x (%v)", value, err)
	}
	return k + " " + v
}

// ending is what must not depend on what happened meanwhile: the last value of each key, all that was put aside, and the
// rows of all stores.
func (o *observer) ending() string {
	var all []string
	for _, topic := range o.topics() {
		if topic == o.d.cfg.Late || topic == o.d.cfg.DeadLetter {
			for _, r := range o.d.Records(topic) {
				line, _, _ := strings.Cut(o.line(topic, r), " from "+o.d.topo.App+"-") // offsets of internal topics depend on aborts
				all = append(all, line)
			}
			continue
		}
		for key, value := range o.d.Last(topic) {
			all = append(all, topic+" "+o.pair(topic, []byte(key), value))
		}
	}
	slices.Sort(all)
	for _, s := range o.d.topo.Subs {
		for _, store := range s.Stores[:len(s.Stores)-1] {
			rows := o.d.RawRows(store.Name)
			for _, key := range slices.Sorted(maps.Keys(rows)) {
				all = append(all, fmt.Sprintf("row %s %q %q", store.Name, key, rows[key]))
			}
		}
	}
	return strings.Join(all, "\n")
}
