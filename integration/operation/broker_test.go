package operation

import (
	"testing"
	"time"

	"github.com/abacus-stream/abacus/integration/services"
)

// The broker goes away under load, twice as an operator stops it and twice killed. The processes
// wait for it and go on by themselves.
func TestBrokerRestartedAndKilledUnderLoad(t *testing.T) {
	kafka := services.OwnKafka(t)
	i := install(t)
	watch := i.watch()
	runs := []*process{i.run(), i.run()}
	for _, r := range runs {
		r.says("task runs")
	}
	load := i.load(dirty...)
	watch.goesOn(loaded...)
	for _, kill := range []bool{true, false, true, false} {
		kafka.Restart(t, kill)
		answers := time.Now()
		watch.goesOn(loaded...)
		t.Logf("killed: %t; stats went on %s after the broker answered again", kill, time.Since(answers).Round(time.Millisecond))
	}
	load.end()
	i.verified()
	for _, r := range runs {
		r.lives()
		r.stop()
	}
	i.whole()
}
