package worker

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
)

// ErrUnknownSource says that the topology reads no topic of a name.
var ErrUnknownSource = errors.New("no such source")

// sources are the source topics that the user has paused, and the clients that are to know.
type sources struct {
	sync.Mutex
	paused  map[string]bool
	clients map[*kgo.Client]bool
}

// Pause stops the fetching of a source topic in this instance until Resume, also before Run. What has been fetched is
// still processed; everything else goes on: other sources, timers, commits, the group. It is not remembered by the
// next process. While records wait in it, a paused source counts as busy: no wall clock moves stream time on.
// Errors: ErrUnknownSource.
func (a *App) Pause(topic string) error { return a.flow(topic, true) }

// Resume takes back Pause; of a topic that is not paused it does nothing. Errors: ErrUnknownSource.
func (a *App) Resume(topic string) error { return a.flow(topic, false) }

// Paused are the source topics that are paused, sorted.
func (a *App) Paused() []string {
	a.sources.Lock()
	defer a.sources.Unlock()
	return slices.Sorted(maps.Keys(a.sources.paused))
}

func (a *App) flow(topic string, pause bool) error {
	if !slices.ContainsFunc(a.topo.Subs, func(s *topology.Sub) bool { return hasSource(s, topic) }) {
		return fmt.Errorf("app %s: topic %q: %w: Describe prints the names", a.topo.App, topic, ErrUnknownSource)
	}
	s := &a.sources
	s.Lock()
	defer s.Unlock()
	if s.paused == nil {
		s.paused = map[string]bool{}
	}
	if pause {
		s.paused[topic] = true
	} else {
		delete(s.paused, topic)
	}
	for client := range s.clients {
		if pause {
			client.PauseFetchTopics(topic)
		} else {
			client.ResumeFetchTopics(topic)
		}
	}
	return nil
}

// join makes a new client know what is paused, and what will be.
func (s *sources) join(client *kgo.Client) {
	s.Lock()
	defer s.Unlock()
	if s.clients == nil {
		s.clients = map[*kgo.Client]bool{}
	}
	s.clients[client] = true
	for topic := range s.paused {
		client.PauseFetchTopics(topic)
	}
}

func (s *sources) leave(client *kgo.Client) {
	s.Lock()
	defer s.Unlock()
	delete(s.clients, client)
}
