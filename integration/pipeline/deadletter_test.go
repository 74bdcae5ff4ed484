package pipeline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology/worker"
)

// bad is one event for each reason that makes a dead letter.
func bad(ts int64) map[string]input {
	text := func(key, format string, args ...any) input {
		return input{key: []byte(key), value: fmt.Appendf(nil, format, args...), headers: []kgo.RecordHeader{{Key: "trace", Value: []byte(key)}}}
	}
	letters := map[string]input{
		"not_json":           text("n", `{"id":"1"`),
		"not_msgpack":        text("m", "\x82\xa2id\xa11"),
		"too_large":          text("l", `{"id":"1","type":"purchase","unit":"l","ts":%d,"props":{"pad":"%s"}}`, ts, strings.Repeat("x", 1<<20)),
		"no_id":              text("i", `{"type":"purchase","unit":"i","ts":%d}`, ts),
		"no_type":            text("t", `{"id":"1","unit":"t","ts":%d}`, ts),
		"bad_ts":             text("b", `{"id":"1","type":"purchase","unit":"b","ts":"yesterday"}`),
		"ts_past":            text("p", `{"id":"1","type":"purchase","unit":"p","ts":946684799999}`),
		"ts_future":          text("f", `{"id":"1","type":"purchase","unit":"f","ts":%d}`, time.Now().Add(time.Hour).UnixMilli()),
		"bad_value":          text("v", `{"id":"1","type":"purchase","unit":"v","ts":%d,"value":"1,5"}`, ts),
		"no_unit":            text("u", `{"id":"1","type":"purchase","ts":%d}`, ts),
		"unknown_experiment": text("x", `{"id":"1","type":"exposure","unit":"x","variant":"control","ts":%d}`, ts),
		"unknown_variant":    text("w", `{"id":"1","type":"exposure","unit":"w","experiment":"button","variant":"blue","ts":%d}`, ts),
		"value_out_of_range": text("o", `{"id":"1","type":"purchase","unit":"o","ts":%d,"value":90071992547409.93}`, ts),
		"bad_ref":            text("r", `{"id":"1","type":"retract","unit":"r","ts":%d,"ref":"1"}`, ts),
		"retract_too_late":   text("late", `{"id":"1","type":"retract","unit":"late","ts":%d,"ref":"2"}`, ts-60_000),
	}
	return letters
}

// Each reason has its dead letter, with the place, the key and the value of the original. Tries
// that were aborted leave none to be seen.
func TestEachBadEventIsOneDeadLetterInsideTheTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{})
		p.register(button)
		ts := minutesAgo(6)
		letters := bad(ts)
		var good []input // moves the time of every task
		for n := range p.setup.partitions {
			good = append(good, exposure("e", p.unitIn(n, 0), "button", "control", ts))
		}
		var reasons []string
		var events []input
		for reason, e := range letters {
			reasons, events = append(reasons, reason), append(events, e)
		}
		var crashes, leaks atomic.Int32
		x := p.start(worker.Config{Hooks: worker.Hooks{Step: func(_ int, at worker.Step) error {
			if at != worker.Produced || crashes.Load() >= 3 || p.ends(p.deadLetters())[p.deadLetters()] == 0 {
				return nil
			}
			if len(p.visible(p.deadLetters())) > 0 {
				leaks.Add(1)
			}
			return fmt.Errorf("%w %d", errCrash, crashes.Add(1))
		}}})
		p.send(good...)
		p.settle()
		sent := p.send(events...)
		p.finish(x)
		require.EqualValues(t, 3, crashes.Load(), "no try was aborted: the test shows nothing")
		require.Zero(t, leaks.Load(), "dead letters of an open transaction are seen")

		seen := map[string]*kgo.Record{}
		for _, r := range p.read(p.deadLetters()) {
			seen[header(r, "abacus.source")] = r
		}
		require.Len(t, seen, len(letters))
		for i, reason := range reasons {
			source := fmt.Sprintf("%s/%d/%d", p.events(), sent[i].Partition, sent[i].Offset)
			require.Contains(t, seen, source, reason)
			requireLetter(t, seen[source], reason, &events[i])
		}
		require.Len(t, p.read(p.deadLetters()), len(letters), "a dead letter of an aborted try is seen")
		require.Greater(t, p.ends(p.deadLetters())[p.deadLetters()], int64(len(letters)+3), "no aborted dead letters: the test shows nothing")
	})
}

// requireLetter compares a dead letter with its original.
func requireLetter(t *testing.T, got *kgo.Record, reason string, e *input) {
	t.Helper()
	require.Equal(t, reason, header(got, "abacus.reason"))
	require.NotEmpty(t, header(got, "abacus.error"), "%s: nothing says what is wrong", reason)
	require.Equal(t, string(e.key), string(got.Key), reason)
	require.True(t, bytes.Equal(e.value[:min(len(e.value), 512<<10)], got.Value), "%s: the value is not the original's", reason)
	require.True(t, slices.ContainsFunc(got.Headers, func(h kgo.RecordHeader) bool { return h.Key == "trace" && bytes.Equal(h.Value, e.key) }), "%s: headers of the original are gone", reason)
}
