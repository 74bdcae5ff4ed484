package task

import (
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/topology"
)

// Headers of dead letters and late records.
const (
	HeaderSource   = "abacus.source"
	HeaderReason   = "abacus.reason"
	HeaderError    = "abacus.error"
	HeaderPath     = "abacus.path" // of one that failed: the nodes it came through, the failing one last
	HeaderSink     = "abacus.sink" // of a refused output: the topic and partition that it was for
	HeaderWindow   = "abacus.window"
	HeaderLateness = "abacus.lateness_ms"
)

// deadLetterBytes bounds the value of a dead letter, recordBytes all of it but the engine's own
// headers: with them it fits a topic of default settings. The rest stays in the source topic.
const deadLetterBytes, recordBytes = 512 << 10, 960 << 10

// DeadLetter sends the current record to the dead-letter topic.
func (t *Task) DeadLetter(reason string, cause error) { t.Reject(&t.current, reason, cause) }

// Reject sends a record to the dead-letter topic: key, headers and truncated value are the original's.
func (t *Task) Reject(src *topology.Source, reason string, cause error) { t.reject(src, reason, cause) }

func (t *Task) reject(src *topology.Source, reason string, cause error, more ...topology.Header) {
	headers := append([]topology.Header{{Key: HeaderReason, Value: []byte(reason)}}, more...)
	if cause != nil {
		text := []byte(cause.Error())
		if stack := Stack(cause); stack != nil {
			text = append(append(text, '\n'), stack...)
		}
		headers = append(headers, topology.Header{Key: HeaderError, Value: text})
	}
	t.aside(ToDeadLetters, src, headers)
	t.tally.aside++
	t.Count("dead_letters_total", 1)
	t.Count("dead_letters."+reason, 1)
}

// Late sends the current record to the late topic.
func (t *Task) Late(window string, lateness int64) {
	t.aside(ToLate, &t.current, []topology.Header{
		{Key: HeaderReason, Value: []byte("late")},
		{Key: HeaderWindow, Value: []byte(window)},
		{Key: HeaderLateness, Value: strconv.AppendInt(nil, lateness, 10)},
	})
	t.Count("late_total", 1)
}

// ours begins the headers that are not the producer's: those of a detour, and the old ones of a dead letter that is fed again.
const ours = "abacus."

// aside puts a record into the outbox with the place it came from: the original one, where a
// record was forwarded.
func (t *Task) aside(kind Kind, src *topology.Source, headers []topology.Header) {
	t.dirty = true
	all := append([]topology.Header{{Key: HeaderSource, Value: t.origin(src)}}, headers...)
	for _, h := range copyHeaders(src.Headers) {
		if !strings.HasPrefix(h.Key, ours) {
			all = append(all, h)
		}
	}
	room := recordBytes - len(src.Key)
	for _, h := range src.Headers {
		room -= len(h.Key) + len(h.Value)
	}
	o := t.cfg.Outbox
	o.add(Entry{
		Task: t, Kind: kind, Partition: 0, Key: o.copy(src.Key),
		Value: o.copy(src.Value[:max(min(len(src.Value), deadLetterBytes, room), 0)]), Time: src.Appended, Headers: all,
	})
}

// origin is where a record was read first. Only on an internal topic does a header tell: elsewhere it is the producer's.
func (t *Task) origin(src *topology.Source) []byte {
	for _, q := range t.queues {
		if q.source.Topic == src.Topic && q.source.Repartition {
			if from := src.Header(HeaderSource); from != nil {
				return append([]byte(nil), from...)
			}
		}
	}
	return []byte(src.String())
}

// Refused deals with an output that its topic does not take: left out, or turned into the dead letter
// that it returns, with the source of the record that it was sent for; offset -1: a flush or a timer sent it.
func (t *Task) Refused(e *Entry, sink string, p topology.Policy, cause error) (letter *Entry) {
	if p == topology.Skip {
		t.skip(ReasonRefused)
		return nil
	}
	src := topology.Source{Topic: e.from, Partition: t.cfg.ID.Partition, Offset: e.offset, Appended: e.Time, Key: e.Key, Value: e.Value, Headers: e.Headers}
	if e.from == "" {
		src.Topic, src.Offset = t.cfg.Sub.Name, -1
	}
	if t.cfg.Sub.Sinks[e.Index].Repartition {
		src.Appended, src.Value, _ = topology.ParseFrame(e.Value)
	}
	t.reject(&src, ReasonRefused, cause, topology.Header{Key: HeaderSink, Value: []byte(sink)})
	return &t.cfg.Outbox.entries[len(t.cfg.Outbox.entries)-1]
}
