package units

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

// Adoption says from where on a task knows a version of an experiment: a row of the table, the schedule that a
// recomputation follows.
type Adoption struct {
	Experiment string
	Run        int
	Version    int64
	Row        int64 // offset in the registry table
	Offset     int64 // of the first event that sees it, -1: the first there is
	StreamTime int64 // of the task by then
}

func (a *Adoption) key() string { return fmt.Sprintf("a|%s|%d|%d", a.Experiment, a.Run, a.Version) }

// ParseAdoption reads an adoption from a row of the table; false for rows of another kind.
func ParseAdoption(key, value []byte) (a Adoption, ok bool, err error) {
	parts := strings.Split(string(key), "|")
	if len(parts) != 4 || parts[0] != "a" {
		return a, false, nil
	}
	in := reader{rest: value}
	in.version()
	a = Adoption{Experiment: parts[1], Row: in.int(), Offset: in.int(), StreamTime: in.int()}
	a.Run, err = strconv.Atoi(parts[2])
	if err == nil {
		a.Version, err = strconv.ParseInt(parts[3], 10, 64)
	}
	if err != nil || in.bad || len(in.rest) > 0 {
		return a, true, fmt.Errorf("units: adoption %q: %w", key, ErrRow)
	}
	return a, true, nil
}

// adopted is the newest version of an experiment that the table reflects.
type adopted struct {
	run     int
	version int64
}

func (a adopted) less(b adopted) bool {
	return a.run < b.run || a.run == b.run && a.version < b.version
}

// loadAdoptions reads what the table reflects.
func (p *processor) loadAdoptions() error {
	var bad error
	err := p.table.Scan([]byte("a|"), []byte("a}"), func(key, value []byte) bool {
		var a Adoption
		if a, _, bad = ParseAdoption(key, value); bad != nil {
			return false
		}
		if is := (adopted{a.Run, a.Version}); p.adopted[a.Experiment].less(is) {
			p.adopted[a.Experiment] = is
		}
		return true
	})
	if err != nil {
		return err
	}
	return bad
}

// adopt takes over a row of the registry table, between two events.
func (p *processor) adopt(row topology.GlobalRow) error {
	var entry experiment.Entry
	if row.Value != nil {
		if err := json.Unmarshal(row.Value, &entry); err != nil {
			return fmt.Errorf("registry row %q: %w", row.Key, err)
		}
	}
	entry.Experiment = string(row.Key)
	old := p.catalog.byName[entry.Experiment]
	if row.Value == nil || entry.State == experiment.Archived || entry.State == experiment.Draft {
		p.replace(old, nil)
		return nil
	}
	fresh, err := compile(&entry)
	if err != nil {
		return fmt.Errorf("registry row %q: %w", row.Key, err)
	}
	return p.adoptRun(&entry, old, fresh, row.Offset)
}

// adoptRun puts a run into the catalog, writes the adoptions and brings the rows up to it.
func (p *processor) adoptRun(entry *experiment.Entry, old, fresh *run, offset int64) error {
	before := p.adopted[entry.Experiment]
	newest := adopted{entry.Run, entry.Versions[len(entry.Versions)-1].Version}
	if newest.less(before) {
		// A restart reads old rows of the table again: the state is ahead of them, the row that it reflects follows.
		return nil
	}
	p.record(entry, before, offset)
	p.adopted[entry.Experiment] = newest
	if old != nil && old.number == fresh.number {
		fresh.sums = old.sums
	}
	p.replace(old, fresh)
	if end, settled := endOf(entry, before); settled && end != fresh.end {
		if err := p.moveEnd(fresh, end); err != nil {
			return err
		}
	}
	return p.release(fresh)
}

// endOf is the end with which the rows of a run are settled; false if the run is new.
func endOf(entry *experiment.Entry, at adopted) (end int64, settled bool) {
	for i := range entry.Versions {
		if v := &entry.Versions[i]; entry.Run == at.run && v.Version == at.version {
			return endOfVersion(v), true
		}
	}
	return 0, false
}

// record writes the adoptions of the versions behind the newest one known.
func (p *processor) record(entry *experiment.Entry, before adopted, offset int64) {
	for _, v := range entry.Versions {
		if !before.less(adopted{entry.Run, v.Version}) {
			continue
		}
		a := Adoption{Experiment: entry.Experiment, Run: entry.Run, Version: v.Version, Row: offset, Offset: p.ctx.NextOffset(p.cfg.Events)}
		value := binary.AppendVarint(binary.AppendVarint([]byte{layout}, a.Row), a.Offset)
		p.table.Put([]byte(a.key()), binary.AppendVarint(value, p.ctx.StreamTime()))
	}
}

// replace builds the catalog with one run in the place of another; either may be nil. Sums of a run that goes wait for the commit.
func (p *processor) replace(old, fresh *run) {
	runs := slices.Clone(p.catalog.runs)
	if old != nil {
		runs = slices.DeleteFunc(runs, func(x *run) bool { return x == old })
		if fresh == nil || fresh.sums != old.sums {
			p.retired = append(p.retired, old)
		}
	}
	if fresh != nil {
		runs = append(runs, fresh)
	}
	p.catalog = newCatalog(runs)
	p.classes.resolve(p.catalog.byHash)
	p.ctx.SetGrace(p.catalog.grace)
	if now := p.ctx.StreamTime(); now > 0 {
		p.ripened = 0
		p.closeAfter(now) // what matured before a restart
	}
}

// moveEnd settles every row of a run anew whose end has moved: it changes what counts of the events that are there.
func (p *processor) moveEnd(x *run, before int64) error {
	keys, err := p.rowsOf(x)
	if err != nil {
		return err
	}
	end := x.end
	for _, key := range keys {
		p.key = append(p.key[:0], key...)
		if err := p.loadKey(); err != nil {
			return err
		}
		x.end = before
		p.begin()
		x.end = end
		p.finish(-1)
		if err := p.save(); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf gives the keys of the units exposed in a run.
func (p *processor) rowsOf(x *run) (keys [][]byte, err error) {
	var bad error
	err = p.table.Scan([]byte("u|"), []byte("u}"), func(key, value []byte) bool {
		if bad = ParseRow(value, &p.row); bad != nil {
			bad = fmt.Errorf("unit %q: %w", key[2:], bad)
			return false
		}
		if i := p.row.enrolment(x); i >= 0 && p.row.Enrolments[i].Exposed {
			keys = append(keys, append([]byte(nil), key...))
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return keys, bad
}
