package broker

import (
	"strings"
	"testing"
)

// Processes that come and go under load share the tasks; none ever fences another, nor one that it
// takes tasks from.
func TestProcessesComeAndGoWithoutFencing(t *testing.T) {
	s := newScene(t)
	first, second := s.instance(), s.instance()
	unload := s.load(1000)
	for range 3 {
		first.works(10)
		second.works(10)
		second.stop()
		second.start()
	}
	second.works(10)
	first.stop()
	second.works(int(second.commits.Load()) + 10)
	unload()
	s.settled()
	second.stop()
	s.positionsAgree()
	quiet(t, first, second)
	for name, i := range map[string]*instance{"first": first, "second": second} {
		t.Logf("%s: %d sessions ended by rebalances", name, strings.Count(i.log(), "session ended"))
	}
}
