package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// notice is the least time in ms between the acceptance of a later version and its effect: long enough for every
// assignment to know it by then.
const notice = 2000

// Bounds of an entry.
const (
	keptCommands = 64
	keptRefusals = 16
	keptActed    = 64
	keptRuns     = 16
	keptOfRun    = 4       // decisions of a run that another has replaced: the last of them ended it
	maxBytes     = 800_000 // of its encoding: below the broker's limit of a record, with room for an end and what is decided
)

var errTooLarge = fmt.Errorf("the entry would be larger than %d bytes, restart the experiment to begin without its versions", maxBytes)

// Decide is the entry after a command that is accepted or refused at now, in Unix ms. entry is that before, nil for an
// experiment never heard of; it is not changed. If there is nothing to write the result is entry itself: the command
// has no id, or was decided before. others are the entries that an experiment of a layer has to keep out of the way of.
func Decide(entry *experiment.Entry, cmd Command, now int64, others ...*experiment.Entry) *experiment.Entry {
	if cmd.ID == "" || decided(entry, cmd.ID) {
		return entry
	}
	next, err := change(entry, cmd, now)
	if err != nil {
		return refuse(entry, cmd, err)
	}
	next.Commands = last(append(next.Commands, cmd.ID), keptCommands)
	if cmd.Kind == KindStop || cmd.Kind == KindArchive {
		return next // what is to end is never too large for it
	}
	if err := exclusive(next, others, now); err != nil {
		return refuse(entry, cmd, err)
	}
	if data, err := (experiment.EntryCodec{}).Append(nil, next); err != nil || len(data) > maxBytes {
		return refuse(entry, cmd, errors.Join(err, errTooLarge))
	}
	return next
}

// decided says whether the entry knows the command.
func decided(entry *experiment.Entry, id string) bool {
	return entry != nil && (slices.Contains(entry.Commands, id) || refusal(entry, id) != nil)
}

// refusal of a command, nil if there is none.
func refusal(entry *experiment.Entry, id string) *experiment.Refusal {
	for i := range entry.Refused {
		if entry.Refused[i].Command == id {
			return &entry.Refused[i]
		}
	}
	return nil
}

// refuse notes a refusal. An entry that is there only to hold refusals has no version and is archived: nothing runs it.
func refuse(entry *experiment.Entry, cmd Command, reason error) *experiment.Entry {
	next := clone(entry)
	if entry == nil {
		next.Experiment, next.State = cmd.Experiment, experiment.Archived
	}
	next.Refused = last(append(next.Refused, experiment.Refusal{Command: cmd.ID, Reason: reason.Error()}), keptRefusals)
	return next
}

// change is the entry after a command, without the note of the command; the error says why there is none.
func change(entry *experiment.Entry, cmd Command, now int64) (*experiment.Entry, error) {
	if cmd.Kind != KindApply && (cmd.Kind != KindRestart || cmd.Definition == nil) && (entry == nil || entry.Current() == nil) && cmd.Kind.known() {
		return nil, errors.New("there is no such experiment")
	}
	switch cmd.Kind {
	case KindApply:
		return apply(entry, cmd, now)
	case KindRestart:
		d, err := definition(again(entry, cmd))
		if err == nil && d.Draft {
			err = errors.New("draft: a run that begins is none, leave it out")
		}
		if err != nil {
			return nil, err
		}
		return begin(entry, d, cmd.ID, now)
	case KindStop:
		if entry.Latest() == nil {
			return nil, fmt.Errorf("the experiment is %s, there is no run to stop", entry.State)
		}
		return stop(entry, cmd.ID, now), nil
	case KindArchive:
		return archive(entry, now)
	}
	return nil, fmt.Errorf("%w: kind %q, want %s, %s, %s or %s", errCommand, cmd.Kind, KindApply, KindStop, KindRestart, KindArchive)
}

func (k Kind) known() bool {
	return k == KindApply || k == KindStop || k == KindRestart || k == KindArchive
}

// apply takes the definition of a command: as a draft, as the first version, or as the next.
func apply(entry *experiment.Entry, cmd Command, now int64) (*experiment.Entry, error) {
	d, err := definition(cmd)
	begun := entry != nil && entry.Latest() != nil
	switch {
	case err != nil:
		return nil, err
	case begun && entry.State != experiment.Running:
		return nil, fmt.Errorf("the experiment is %s, restart begins a new run", entry.State)
	case begun && d.Draft:
		return nil, errors.New("draft: the experiment runs already, leave it out")
	case begun:
		return revise(entry, d, cmd.ID, now)
	case d.Draft:
		next := clone(entry)
		next.Experiment, next.State, next.Draft = d.Experiment, experiment.Draft, &d
		return next, nil
	}
	return begin(entry, d, cmd.ID, now)
}

// again is a restart with the definition that is there, of a run that ended without its times, where the command has none.
func again(entry *experiment.Entry, cmd Command) Command {
	if cmd.Definition != nil {
		return cmd
	}
	d := *entry.Current()
	d.Draft, d.Start, d.End = false, nil, nil
	cmd.Definition = &d
	return cmd
}

// definition is that of the command, checked and with its defaults.
func definition(cmd Command) (experiment.Definition, error) {
	if cmd.Definition == nil {
		return experiment.Definition{}, fmt.Errorf("%w: %s without a definition", errCommand, cmd.Kind)
	}
	d := *cmd.Definition
	d.Variants = slices.Clone(d.Variants)
	d.Defaults()
	if d.Experiment != cmd.Experiment {
		return d, fmt.Errorf("%w: for %q, but its definition is of %q", errCommand, cmd.Experiment, d.Experiment)
	}
	return d, d.Validate()
}

// begin starts a run: the next one if there was one. It covers events from its start, which may lie in the past.
func begin(entry *experiment.Entry, d experiment.Definition, command string, now int64) (*experiment.Entry, error) {
	effective := now
	if d.Start != nil {
		effective = d.Start.UnixMilli()
	}
	if d.End != nil && d.End.UnixMilli() <= effective {
		return nil, fmt.Errorf("end: is not after the start, %s", clock(effective))
	}
	next := clone(entry)
	if next.Latest() != nil {
		next.Earlier = last(append(next.Earlier, earlier(entry, now)), keptRuns)
	}
	next.Experiment, next.State = d.Experiment, experiment.Running
	next.Run++
	next.Draft, next.Decisions = nil, nil
	next.Versions = []experiment.Version{{Version: 1, Accepted: now, Effective: effective, Definition: d, Command: command}}
	return next, nil
}

// earlier is what is kept of a run that another replaces.
func earlier(entry *experiment.Entry, now int64) experiment.Earlier {
	latest := entry.Latest()
	e := experiment.Earlier{
		Run: entry.Run, State: entry.State, Versions: len(entry.Versions), Start: entry.Versions[0].Effective, Replaced: now,
		Command: entry.Versions[0].Command, Decisions: last(entry.Decisions, keptOfRun),
	}
	if latest.Definition.End != nil {
		e.End = latest.Definition.End.UnixMilli()
	}
	return e
}

// revise adds a version to a running experiment, unless the definition is the one in force.
func revise(entry *experiment.Entry, d experiment.Definition, command string, now int64) (*experiment.Entry, error) {
	latest := entry.Latest()
	changed, err := align(&latest.Definition, &d)
	if err != nil {
		return nil, err
	}
	next := clone(entry)
	if !changed {
		return next, nil
	}
	next.Versions = append(next.Versions, version(latest, d, command, now))
	return next, nil
}

// stop ends a run in two seconds, or when it ends anyway if that is sooner.
func stop(entry *experiment.Entry, command string, now int64) *experiment.Entry {
	next := clone(entry)
	if entry.State != experiment.Running {
		return next
	}
	next.State = experiment.Stopped
	latest := entry.Latest()
	v := version(latest, latest.Definition, command, now)
	if end := latest.Definition.End; end != nil && end.UnixMilli() <= v.Effective {
		return next
	}
	end := time.UnixMilli(v.Effective).UTC()
	v.Definition.End = &end
	next.Versions = append(next.Versions, v)
	return next
}

// archive puts away a draft, or a run that has ended: the engine knows it no longer, its totals stay as they are.
func archive(entry *experiment.Entry, now int64) (*experiment.Entry, error) {
	next := clone(entry)
	next.State = experiment.Archived
	if entry.Latest() == nil || entry.State == experiment.Archived || ended(entry, now) {
		return next, nil
	}
	if end := entry.Latest().Definition.End; end != nil {
		return nil, fmt.Errorf("the experiment is %s and ends at %s, archive it after that", entry.State, clock(end.UnixMilli()))
	}
	return nil, fmt.Errorf("the experiment is %s, stop it first", entry.State)
}

// ended says whether the run's end has come.
func ended(entry *experiment.Entry, now int64) bool {
	end := entry.Latest().Definition.End
	return end != nil && end.UnixMilli() <= now
}

// version is the one after latest. It is never in effect before it.
func version(latest *experiment.Version, d experiment.Definition, command string, now int64) experiment.Version {
	return experiment.Version{
		Version: latest.Version + 1, Accepted: now, Effective: max(now+notice, latest.Effective), Definition: d, Command: command,
	}
}

// clone copies the entry as deep as Decide changes it; of nil it is an empty one.
func clone(entry *experiment.Entry) *experiment.Entry {
	if entry == nil {
		return &experiment.Entry{}
	}
	next := *entry
	next.Versions = slices.Clone(entry.Versions)
	next.Commands = slices.Clone(entry.Commands)
	next.Refused = slices.Clone(entry.Refused)
	next.Decisions = slices.Clone(entry.Decisions)
	next.Earlier = slices.Clone(entry.Earlier)
	return &next
}

// last keeps the n newest of a list.
func last[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
