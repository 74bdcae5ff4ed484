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

// sources are the source topics that are not fetched, and the clients that are to know.
type sources struct {
	sync.Mutex
	paused  map[string]bool     // by the user
	full    map[string][]string // by repartition topic that is read too slowly: those that feed it
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
	s.tell(topic)
	return nil
}

// isFull says whether the sources of a repartition topic are held back.
func (s *sources) isFull(repartition string) bool {
	s.Lock()
	defer s.Unlock()
	return s.full[repartition] != nil
}

// setFull holds the sources back that feed a repartition topic, or lets go of them.
func (s *sources) setFull(repartition string, full bool, feeding []string) {
	s.Lock()
	defer s.Unlock()
	if s.full == nil {
		s.full = map[string][]string{}
	}
	if full {
		s.full[repartition] = feeding
	} else {
		delete(s.full, repartition)
	}
	for _, topic := range feeding {
		s.tell(topic)
	}
}

// held says whether a topic is not to be fetched.
func (s *sources) held(topic string) bool {
	if s.paused[topic] {
		return true
	}
	for _, feeding := range s.full {
		if slices.Contains(feeding, topic) {
			return true
		}
	}
	return false
}

// heldBack are the topics that wait for the readers of a repartition topic, sorted.
func (s *sources) heldBack() (topics []string) {
	s.Lock()
	defer s.Unlock()
	for _, feeding := range s.full {
		topics = append(topics, feeding...)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// tell makes all clients fetch a topic or not.
func (s *sources) tell(topic string) {
	for client := range s.clients {
		if s.held(topic) {
			client.PauseFetchTopics(topic)
		} else {
			client.ResumeFetchTopics(topic)
		}
	}
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
	for _, feeding := range s.full {
		client.PauseFetchTopics(feeding...)
	}
}

func (s *sources) leave(client *kgo.Client) {
	s.Lock()
	defer s.Unlock()
	delete(s.clients, client)
}
