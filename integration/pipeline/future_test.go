package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// An event a millisecond more than five minutes ahead of its append time is a dead letter and moves
// no time: a conversion before it still finds its exposure after it. Exactly five minutes are
// accepted and move time: now such an exposure comes too late for its conversion.
func TestAFutureEventMovesNoTimeAndFiveMinutesAreAccepted(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{createTime: true})
		p.register(button)
		appended := time.Now().Truncate(time.Millisecond)
		now := appended.UnixMilli()
		ahead := (5 * time.Minute).Milliseconds()
		early, waits, gone := p.unitIn(1, 0), p.unitIn(1, 1), p.unitIn(1, 2)
		events := []input{
			exposure("e1", early, "button", "control", now-60_000),
			purchase("e2", waits, "1", now-10_000),
			purchase("e3", early, "2", now+ahead+1),
			exposure("e4", waits, "button", "treatment", now-11_000),
			purchase("e5", early, "3", now+ahead),
			purchase("e6", gone, "4", now-10_000),
			exposure("e7", gone, "button", "treatment", now-11_000),
		}
		for i := range events {
			events[i].appended = appended
		}
		events[2].ts = 0
		x := p.start(worker.Config{})
		sent := p.send(events...)
		p.finish(x)

		letters := p.read(p.deadLetters())
		require.Len(t, letters, 1)
		require.Equal(t, "ts_future", header(letters[0], "abacus.reason"))
		require.Equal(t, fmt.Sprintf("%s/%d/%d", p.events(), sent[2].Partition, sent[2].Offset), header(letters[0], "abacus.source"))
		total := p.total("button")
		require.Equal(t, map[string]int64{"control": 1, "treatment": 2}, total.Units)
		revenue := total.Metrics["revenue"].Variants
		require.Equal(t, "3.00", revenue["control"].Sum, "exactly five minutes ahead counts")
		require.Equal(t, "1.00", revenue["treatment"].Sum)
		require.EqualValues(t, 1, total.Dropped["no_exposure"])
	})
}
