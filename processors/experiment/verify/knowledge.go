package verify

import (
	"cmp"
	"slices"
)

// knowledge is what one task has adopted of the registry so far. It follows the schedule that the
// task wrote, so that the recomputation decides by offset as the task did.
type knowledge struct {
	views    []view // in the order of names
	schedule []adoption
	quiets   []Quiet // of the partition, by offset
}

// adoption is one step of the schedule: from an offset on, so many versions of a plan are known.
type adoption struct {
	offset int64
	stream int64
	view   view
}

// newKnowledge is that of the task of a partition before its first record.
func newKnowledge(plans []*plan, in *Input, partition int32) *knowledge {
	k := &knowledge{quiets: quietsOf(in.Quiets, partition)}
	if len(in.Adoptions) == 0 {
		for _, p := range plans {
			k.views = append(k.views, view{plan: p, known: len(p.versions)})
		}
		return k
	}
	for _, a := range in.Adoptions {
		if a.Partition != partition {
			continue
		}
		if v, ok := k.viewOf(plans, a); ok {
			k.schedule = append(k.schedule, adoption{offset: a.Offset, stream: a.StreamTime, view: v})
		}
	}
	slices.SortStableFunc(k.schedule, func(a, b adoption) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.stream, b.stream), cmp.Compare(a.view.name, b.view.name),
			cmp.Compare(a.view.run, b.view.run), cmp.Compare(a.view.known, b.view.known))
	})
	return k
}

// quietsOf is the rows of one partition in their order; of one offset the last moment comes last.
func quietsOf(all []Quiet, partition int32) (quiets []Quiet) {
	for _, q := range all {
		if q.Partition == partition {
			quiets = append(quiets, q)
		}
	}
	slices.SortFunc(quiets, func(a, b Quiet) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.StreamTime, b.StreamTime))
	})
	return quiets
}

// idled is the stream time that idleness had brought a task to when it took the event at an offset, 0 for none.
func (k *knowledge) idled(offset int64) (stream int64) {
	for len(k.quiets) > 0 && k.quiets[0].Offset <= offset {
		stream = max(stream, k.quiets[0].StreamTime)
		k.quiets = k.quiets[1:]
	}
	return stream
}

// viewOf finds the run and version that an adoption names.
func (k *knowledge) viewOf(plans []*plan, a Adoption) (view, bool) {
	for _, p := range plans {
		switch {
		case p.name != a.Experiment:
		case p.run > a.Run:
			return view{plan: k.former(p, a.Run), known: 1}, true
		case p.run == a.Run:
			for i, v := range p.versions {
				if v.number == a.Version {
					return view{plan: p, known: i + 1}, true
				}
			}
		}
	}
	return view{}, false
}

// former is an earlier run of a plan, the same one whenever it is asked for.
func (k *knowledge) former(p *plan, run int) *plan {
	for _, a := range k.schedule {
		if a.view.name == p.name && a.view.run == run {
			return a.view.plan
		}
	}
	return p.former(run)
}

// step is what one adoption changed.
type step struct {
	view
	stream int64 // of the task by then
	moved  bool  // the end of a run that was known already
}

// next adopts the first step that an event at the offset sees, after so many events; false when there is none.
func (k *knowledge) next(offset int64, order int) (step, bool) {
	if len(k.schedule) == 0 || k.schedule[0].offset > offset {
		return step{}, false
	}
	v, stream := k.schedule[0].view, k.schedule[0].stream
	k.schedule = k.schedule[1:]
	v.since = order
	i, known := slices.BinarySearchFunc(k.views, v.name, func(a view, name string) int { return cmp.Compare(a.name, name) })
	switch {
	case !known:
		k.views = slices.Insert(k.views, i, v)
	case k.views[i].run < v.run:
		k.views[i] = v
	case k.views[i].run == v.run && k.views[i].known < v.known:
		before := k.views[i].end()
		k.views[i].known = v.known
		return step{v, stream, before != v.end()}, true
	}
	return step{view: v, stream: stream}, true
}

// find is the view of an experiment.
func (k *knowledge) find(name string) (view, bool) {
	for _, v := range k.views {
		if v.name == name {
			return v, true
		}
	}
	return view{}, false
}

// grace is that of the task: the largest of the experiments it knows, at least 5 s.
func (k *knowledge) grace() int64 {
	grace := int64(defaultGrace)
	for _, v := range k.views {
		grace = max(grace, v.grace)
	}
	return grace
}

// longestDedup is the largest dedup_for of the experiments on units, or how long one has to remember units for their covariates.
func (k *knowledge) longestDedup() int64 {
	longest := int64(0)
	for _, v := range k.views {
		if !v.byEvent {
			longest = max(longest, v.dedup, v.memory())
		}
	}
	if longest == 0 {
		return defaultDedup
	}
	return longest
}

// counted says how an event that carries a tag is taken: the view of the unit: event experiment that it names.
func (k *knowledge) counted(e *event) (view, bool) {
	if !e.tagged() {
		return view{}, false
	}
	v, ok := k.find(e.experiment)
	return v, ok && v.byEvent
}
