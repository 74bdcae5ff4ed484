package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

const resetLong = `Reset makes abacus run begin anew: it deletes the internal topics (changelogs, repartition), the stats topic, the groups
of run and mirror with their offsets, and their local state under --state-dir. Events and experiments stay; the next run
counts all events that are still in their topic, or those behind --to-time, --to-offset or --to-end. It refuses while a run
or a mirror is a member of its group.

State directories of other machines may stay: the next start there finds that they are of deleted topics, says so and
rebuilds them. abacus verify recounts every event, also those that such a run is told to leave out.`

const resetExample = `  # what would be done
  abacus topics reset --dry-run

  # count all events anew
  abacus topics reset --yes

  # count what was appended in the last two days, or since a moment
  abacus topics reset --to-time 48h --yes
  abacus topics reset --to-time 2026-01-31T00:00:00Z --yes`

// resetFlags are those of the command.
type resetFlags struct {
	yes, dry, end bool
	offset        int64
	time          string
}

func newTopicsResetCommand() *cobra.Command {
	var f resetFlags
	cmd := &cobra.Command{
		Use: "reset", Short: "Delete all that is computed, so that the next run counts events anew",
		Long: resetLong, Example: resetExample, Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := f.beginning(time.Now())
			if err != nil {
				return err
			}
			if f.yes == f.dry {
				return usageError("reset deletes results and state: look with --dry-run, then say --yes")
			}
			r := resetting{settings: settingsOf(cmd), out: cmd.OutOrStdout(), dry: f.dry}
			return r.run(cmd.Context(), from)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "really do it")
	flags.BoolVar(&f.dry, "dry-run", false, "say what would be done, and do nothing")
	flags.StringVar(&f.time, "to-time", "", "begin at the first event appended at a `time`: RFC 3339, Unix ms, or how long ago")
	flags.Int64Var(&f.offset, "to-offset", 0, "begin at an `offset` of each partition, or the end of it that is nearer")
	flags.BoolVar(&f.end, "to-end", false, "begin behind all events that are there")
	return cmd
}

// beginning reads the flags that say where to begin.
func (f *resetFlags) beginning(now time.Time) (worker.Beginning, error) {
	b := worker.Beginning{Offset: f.offset, End: f.end}
	at, err := parseTime("--to-time", f.time, now)
	if err != nil {
		return b, err
	}
	if at > 0 {
		b.Time = time.UnixMilli(at)
	}
	if err := b.Validate(); err != nil {
		return b, usageError("%s", err)
	}
	return b, nil
}

// resetting is one run of the command.
type resetting struct {
	settings *settings
	out      io.Writer
	dry      bool
	groups   kadm.ListedGroups // that are there
}

func (r *resetting) run(ctx context.Context, from worker.Beginning) error {
	client, err := connect(ctx, r.settings)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := partitions(ctx, client, topics.Events(r.settings.Prefix)); err != nil {
		return err
	}
	if r.groups, err = kadm.NewClient(client).ListGroups(ctx); err != nil {
		return fmt.Errorf("list groups: %w", err)
	}
	apps, err := topologies(r.settings.Prefix)
	if err != nil {
		return err
	}
	plans := make([]*worker.Reset, len(apps))
	for i, t := range apps {
		if plans[i], err = r.plan(ctx, t, from); err != nil {
			return err
		}
		from = worker.Beginning{} // the mirror reads what is computed
	}
	stats := topics.Stats(r.settings.Prefix)
	there, err := kadm.NewClient(client).ListTopics(ctx, stats)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	if there.Has(stats) {
		plans[0].Topics = append(plans[0].Topics, stats)
	}
	for _, p := range plans {
		p.Kept = slices.DeleteFunc(p.Kept, func(topic string) bool { return topic == stats })
		if err := r.reset(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *resetting) plan(ctx context.Context, t *topology.Topology, from worker.Beginning) (*worker.Reset, error) {
	p, err := worker.PlanReset(ctx, t, worker.Config{Brokers: r.settings.Brokers}, from)
	if errors.Is(err, worker.ErrActive) {
		err = fmt.Errorf("stop abacus run and abacus mirror first: %w", err)
	}
	return p, err
}

// reset carries a plan out and tells of it; with --dry-run it tells.
func (r *resetting) reset(ctx context.Context, p *worker.Reset) error {
	folder := filepath.Join(r.settings.StateDir, p.App)
	_, missing := os.Stat(folder)
	if !r.dry {
		if err := p.Do(ctx); err != nil {
			return err
		}
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("delete state: %w", err)
		}
	}
	var faults []error
	for _, topic := range p.Topics {
		faults = append(faults, r.tell("delete", "topic", topic))
	}
	if _, there := r.groups[p.App]; there {
		faults = append(faults, r.tell("delete", "group", p.App))
	}
	if missing == nil {
		faults = append(faults, r.tell("delete", "folder", folder))
	}
	for topic, partitions := range p.Offsets {
		for n := range int32(len(partitions)) {
			faults = append(faults, r.tell("begin", "partition", fmt.Sprintf("%s/%d at offset %d", topic, n, partitions[n])))
		}
	}
	for _, topic := range p.Kept {
		faults = append(faults, r.tell("keep", "topic", topic))
	}
	return errors.Join(faults...)
}

// doneVerbs are the verbs of what is done.
var doneVerbs = map[string]string{"delete": "deleted", "begin": "set to begin:", "keep": "kept"}

// tell prints one thing that is done, or would be.
func (r *resetting) tell(verb, kind, name string) error {
	if r.settings.Output == jsonOutput {
		return json.NewEncoder(r.out).Encode(map[string]any{"action": verb, "kind": kind, "name": name, "done": !r.dry})
	}
	if r.dry {
		_, err := fmt.Fprintf(r.out, "would %s %s %s\n", verb, kind, name)
		return err
	}
	_, err := fmt.Fprintf(r.out, "%s %s %s\n", doneVerbs[verb], kind, name)
	return err
}
