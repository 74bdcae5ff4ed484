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
	var output string
	cmd := &cobra.Command{
		Use: "describe", Short: "Print the topologies: sub-topologies, topics, stores",
		Long: `Describe prints the topologies of run and mirror as they are built: which topics each sub-topology reads and writes,
its nodes, its stores and their changelogs. It needs no broker. As dot or mermaid they are drawn: topics are boxes,
stores cylinders.`,
		Example: `  abacus describe
  abacus describe -o dot | dot -Tsvg -O
  abacus describe --prefix staging -o json | jq -r '.sub_topologies[].stores[].changelog'`,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			show, ok := forms[output]
			if !ok {
				return &exitError{exitUsage, fmt.Errorf("-o %q: want text, json, dot or mermaid", output)}
			}
			all, err := topologies(settingsOf(cmd).Prefix)
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), all)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", textOutput, "print as `text|json|dot|mermaid`")
	return cmd
}

// forms are what topologies are printed as.
var forms = map[string]func(w io.Writer, all []*topology.Topology) error{
	textOutput: printed((*topology.Topology).Describe),
	jsonOutput: printShapes,
	"dot":      printed((*topology.Topology).DOT),
	"mermaid": func(w io.Writer, all []*topology.Topology) error {
		_, err := fmt.Fprint(w, all[0].Mermaid(all[1:]...))
		return err
	},
}

func printed(form func(t *topology.Topology) string) func(w io.Writer, all []*topology.Topology) error {
	return func(w io.Writer, all []*topology.Topology) error {
		for _, t := range all {
			if _, err := fmt.Fprint(w, form(t)); err != nil {
				return err
			}
		}
		return nil
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

func printShapes(w io.Writer, all []*topology.Topology) error {
	for _, t := range all {
		if err := json.NewEncoder(w).Encode(shapeOf(t)); err != nil {
			return err
		}
	}
	return nil
}

func shapeOf(t *topology.Topology) appShape {
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
	return app
}
