package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
)

func newDescribeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "describe", Short: "Print the topologies: sub-topologies, topics, stores",
		Long: `Describe prints the topologies of run and mirror as they are built: which topics each sub-topology reads and writes,
its nodes, its stores and their changelogs. It needs no broker.`,
		Example: `  abacus describe
  abacus describe --prefix staging -o json | jq -r '.sub_topologies[].stores[].changelog'`,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := settingsOf(cmd)
			all, err := topologies(s.Prefix)
			if err != nil {
				return err
			}
			for _, t := range all {
				if err := describe(cmd.OutOrStdout(), s.Output, t); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// topologies are those of the flow and the mirror.
func topologies(prefix string) ([]*topology.Topology, error) {
	flow, err := engine.Flow(prefix)
	if err != nil {
		return nil, err
	}
	unused := redis.NewClient(&redis.Options{}) // it connects when it is used
	defer unused.Close()
	mirrored, err := engine.Mirror(mirror.Config{Prefix: prefix, Redis: unused})
	if err != nil {
		return nil, err
	}
	return []*topology.Topology{flow, mirrored}, nil
}

// The JSON form of a topology.
type (
	appShape struct {
		App     string     `json:"app"`
		Subs    []subShape `json:"sub_topologies"`
		Globals []string   `json:"globals,omitempty"`
	}
	subShape struct {
		ID      int          `json:"id"`
		Name    string       `json:"name"`
		Sources []string     `json:"sources"`
		Sinks   []string     `json:"sinks"`
		Stores  []storeShape `json:"stores"`
	}
	storeShape struct {
		Name      string `json:"name"`
		Changelog string `json:"changelog"`
	}
)

func describe(w io.Writer, output string, t *topology.Topology) error {
	if output == textOutput {
		_, err := fmt.Fprint(w, t.Describe())
		return err
	}
	app := appShape{App: t.App, Globals: t.Globals}
	for _, s := range t.Subs {
		sub := subShape{ID: s.ID, Name: s.Name, Sources: []string{}, Sinks: []string{}}
		for _, source := range s.Sources {
			sub.Sources = append(sub.Sources, source.Topic)
		}
		for _, sink := range s.Sinks {
			sub.Sinks = append(sub.Sinks, sink.Topic)
		}
		for _, store := range s.Stores {
			sub.Stores = append(sub.Stores, storeShape{store.Name, s.Changelog(store)})
		}
		app.Subs = append(app.Subs, sub)
	}
	return json.NewEncoder(w).Encode(app)
}
