package verify

import (
	"math/big"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// before is the covariate of a metric: a total of events in a period before the first exposure, or a number that this brings.
type before struct {
	events []metric // that of the metric, or those of both parts of a ratio; their window is the period
	prop   string
	scale  int
}

// resolve completes a metric by others of the definition: the parts of a ratio, and what is known of units before.
func (p *plan) resolve(i int, d *experiment.Metric) {
	m := &p.metrics[i]
	parts := []int{i}
	if m.kind == "ratio" {
		parts = []int{p.metric(d.Numerator), p.metric(d.Denominator)}
		m.parts = parts
		m.delay, m.window, m.decimals = p.metrics[parts[0]].delay, p.metrics[parts[0]].window, p.metrics[parts[0]].decimals
	}
	if d.Covariate == nil {
		return
	}
	m.before = &before{prop: d.Covariate.Prop, scale: defaultDecimals}
	if d.Covariate.Decimals != nil {
		m.before.scale = *d.Covariate.Decimals
	}
	if m.before.prop != "" {
		return
	}
	for _, part := range parts {
		of := p.metrics[part]
		if m.kind != "ratio" && d.Covariate.Event != "" {
			of.event = d.Covariate.Event
			of.key, of.text = condition(d.Covariate.Where)
		} else if m.kind != "ratio" && d.Covariate.Where != "" {
			of.key, of.text = condition(d.Covariate.Where)
		}
		of.delay, of.window, of.before = 0, ms(d.Covariate.Period, defaultWindow), nil
		m.before.events = append(m.before.events, of)
	}
}

// memory is how long a unit is kept that is not exposed yet.
func (p *plan) memory() (longest int64) {
	for i := range p.metrics {
		if b := p.metrics[i].before; b != nil && b.prop == "" {
			longest = max(longest, after(b.events[0].window, p.grace))
		}
	}
	return longest
}

// all is a metric and what its covariate counts.
func (m *metric) all() []metric {
	if m.before == nil {
		return []metric{*m}
	}
	return append([]metric{*m}, m.before.events...)
}

// useful is how long after its time an event of a type may count for the metric or its covariate; 0 for other types.
func (m *metric) useful(kind string) (longest int64) {
	if m.event == kind {
		longest = m.span()
	}
	for i := 0; m.before != nil && i < len(m.before.events); i++ {
		if of := &m.before.events[i]; of.event == kind {
			longest = max(longest, after(of.window, m.span()))
		}
	}
	return longest
}

// joined says that the sums of a metric are of several totals of a unit.
func (m *metric) joined() bool { return m.kind == "ratio" || m.before != nil }

// vector is the totals of a unit that the sums of metric i are of; nil for a metric that has none such.
func (s *share) vector(p *plan, i int) []int64 {
	m := &p.metrics[i]
	if !m.joined() {
		return nil
	}
	out := []int64{}
	if m.kind == "ratio" {
		out = append(out, s.totals[m.parts[0]], s.totals[m.parts[1]])
	} else {
		out = append(out, s.totals[i])
	}
	if m.before == nil {
		return out
	}
	if m.before.prop == "" {
		for k := range m.before.events {
			out = append(out, m.before.events[k].total(s.earlier[earlierKey{i, k}]))
		}
		return out
	}
	out = append(out, s.earlier[earlierKey{i, 0}])
	if m.kind == "ratio" {
		out = append(out, 1)
	}
	return out
}

// earlierKey is one total of before the exposure: of a metric, by the place of its events.
type earlierKey struct{ metric, place int }

// bring takes the covariates that are numbers of the first exposure.
func (s *share) bring(v view, first *event) {
	for i := range v.metrics {
		b := v.metrics[i].before
		if b == nil || b.prop == "" {
			continue
		}
		p, there := first.props[b.prop]
		if d, ok := parseDecimal(p.text); there && ok && p.form != 'o' {
			if value, _, fits := d.scaled(b.scale); fits {
				s.earlier[earlierKey{i, 0}] = value
			}
		}
	}
}

// takeBefore adds an event to the covariates whose period it lies in; ok is false if it would push one beyond 2^53.
func (s *share) takeBefore(v view, first int64, e *event) (taken, counted, rounded, empty, ok bool) {
	for i := range v.metrics {
		if v.metrics[i].before == nil {
			continue
		}
		for k := range v.metrics[i].before.events {
			m := &v.metrics[i].before.events[k]
			if !m.takes(e) {
				continue
			}
			taken = true
			if e.ts >= first || e.ts < first-m.window {
				continue
			}
			counted = true
			value, lost, there := m.value(e)
			rounded, empty = rounded || lost, empty || !there
			if !there {
				continue
			}
			total := s.earlier[earlierKey{i, k}] + value
			if total > largest || total < -largest {
				return taken, counted, rounded, empty, false
			}
			s.earlier[earlierKey{i, k}] = total
		}
	}
	return taken, counted, rounded, empty, true
}

// joint is the sums of several totals of units: of each total, and of the product of each two.
type joint struct {
	n        int64
	sums     []*big.Int
	products map[[2]int]*big.Int
}

func (j *joint) include(totals []int64) {
	if j.products == nil {
		j.products = map[[2]int]*big.Int{}
		for range totals {
			j.sums = append(j.sums, new(big.Int))
		}
	}
	j.n++
	for a, x := range totals {
		j.sums[a].Add(j.sums[a], big.NewInt(x))
		for b := a; b < len(totals); b++ {
			key := [2]int{a, b}
			if j.products[key] == nil {
				j.products[key] = new(big.Int)
			}
			j.products[key].Add(j.products[key], new(big.Int).Mul(big.NewInt(x), big.NewInt(totals[b])))
		}
	}
}

// plain is the sums as package stats has them.
func (j *joint) plain() stats.Joint {
	out := stats.Joint{N: j.n}
	for a := range j.sums {
		out.S = append(out.S, int128(j.sums[a]))
		for b := a; b < len(j.sums); b++ {
			out.P = append(out.P, int192(j.products[[2]int{a, b}]))
		}
	}
	return out
}

// joints are the sums of a cell by metric.
type joints map[int]*[2]joint

// the tracks of joints
const (
	liveTrack = iota
	maturedTrack
)

// include counts a unit in a track of a metric; nothing for a metric without such sums.
func (j joints) include(metric, track int, totals []int64) {
	if totals == nil {
		return
	}
	if j[metric] == nil {
		j[metric] = &[2]joint{}
	}
	j[metric][track].include(totals)
}

// plain is the sums as package cells takes them.
func (j joints) plain() (out []experiment.JointSums) {
	for metric, tracks := range j {
		out = append(out, experiment.JointSums{Metric: metric, Live: tracks[liveTrack].plain(), Matured: tracks[maturedTrack].plain()})
	}
	return out
}

// add adds the sums of another cell.
func (j joints) add(other joints) {
	for metric, tracks := range other {
		if j[metric] == nil {
			j[metric] = &[2]joint{}
		}
		for track := range tracks {
			j[metric][track].merge(&tracks[track])
		}
	}
}

// both are the sums of two cells.
func both(a, b joints) joints {
	sum := joints{}
	sum.add(a)
	sum.add(b)
	return sum
}

func (j *joint) merge(other *joint) {
	if other.products == nil {
		return
	}
	if j.products == nil {
		j.products = map[[2]int]*big.Int{}
		for range other.sums {
			j.sums = append(j.sums, new(big.Int))
		}
	}
	j.n += other.n
	for i, sum := range other.sums {
		j.sums[i].Add(j.sums[i], sum)
	}
	for key, product := range other.products {
		if j.products[key] == nil {
			j.products[key] = new(big.Int)
		}
		j.products[key].Add(j.products[key], product)
	}
}

// numerator is what the numerator of a ratio comes to in one track of one variant of a segment.
func numerator(cells map[cellKey]*cell, segment, variant, metric, track int) Sum {
	sum := newSums(1)[0]
	for key, c := range cells {
		if key.segment != segment || key.variant != variant || c.joint[metric] == nil {
			continue
		}
		of := &c.joint[metric][track]
		sum.N += of.n
		if len(of.sums) > 0 {
			sum.S.Add(sum.S, of.sums[0])
		}
	}
	return sum
}
