package worker

import (
	"errors"
	"fmt"
)

// checkAsides refuses topics of dead letters and late records that the app uses otherwise: one that it reads would
// feed its own bad records to it for ever, and their readers expect nothing else there.
func (a *App) checkAsides() error {
	var faults []error
	used := map[string]string{}
	for _, s := range a.topo.Subs {
		for _, sink := range s.Sinks {
			used[sink.Topic] = "a sink"
		}
		for _, store := range s.Stores {
			used[s.Changelog(store)] = "the changelog of store " + store.Name
		}
		for _, src := range s.Sources {
			used[src.Topic] = "a source"
		}
	}
	for _, g := range a.topo.Globals {
		used[g] = "a global table"
	}
	for _, aside := range []struct{ field, topic string }{{"DeadLetters", a.cfg.DeadLetters}, {"Lates", a.cfg.Lates}} {
		if what := used[aside.topic]; what != "" {
			faults = append(faults, fmt.Errorf("worker: Config.%s is %q, which is %s of app %s: name a topic that it does not use", aside.field, aside.topic, what, a.topo.App))
		}
		used[aside.topic] = "the topic of Config." + aside.field
	}
	return errors.Join(faults...)
}
