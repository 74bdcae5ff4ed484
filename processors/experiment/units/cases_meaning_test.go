package units

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
)

// oneUnit is the line of one unit in A that has not matured.
func oneUnit(live string) string {
	return "A@1 units 1 seen 0 live " + live + " matured 0/0/0 0/0/0"
}

func TestCase17_ADeadLetterDoesNotOccupyItsID(t *testing.T) {
	h := newHarness(t, shop())
	bad := exposed("p1", "u1", "Z", 1)
	h.pipe(exposed("x1", "u1", "A", 0), bad, bad, bought("p1", "u1", `"x"`, 1), bought("p1", "u1", "1e30", 1), bought("p1", "u1", "2", 1))
	h.wantDead("unknown_variant 1", "unknown_variant 2", "bad_value 3", "value_out_of_range 4")
	h.want(oneUnit("0/1/1 0/200/40000"))
}

func TestCase17_UnitTotalsComeAfterDedup(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "90000000000000", 1))
	h.pipe(bought("p2", "u1", "71992547409.93", 2), bought("p2", "u1", "71992547409.93", 2))
	h.wantDead("value_out_of_range 2")
	require.EqualValues(t, 1, h.Counter("duplicates").N)
	h.want(oneUnit("0/1/1 0/5000/25000000"))
}

func TestCase18_OneSpaceOfIDsPerUnit(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("e", "u1", "A", 0), bought("e", "u1", "1", 1), bought("p", "u1", "1.0", 1), bought("p", "u1", "1.00", 1), bought("p", "u1", "1.01", 1))
	h.pipe(took("p", "u1", "e", 2), exposed("e", "u2", "A", 0))
	h.want("A@1 units 2 seen 0 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "conflict 3")
	require.EqualValues(t, 1, h.Counter("duplicates").N)
	h.wantDead()
}

func TestCase19_TheFirstFaultIsTheReason(t *testing.T) {
	h := newHarness(t, shop(), ranker())
	src := func(value string) topology.Source {
		return topology.Source{Topic: eventsTopic, Key: []byte("u1"), Appended: base, Value: []byte(value)}
	}
	at := func(format string, seconds float64) string { return fmt.Sprintf(format, ms(seconds)) }
	h.pipeRaw(src(`[]`))
	h.pipeRaw(src(at(`{"type":"exposure","ts":%d,"value":"x"}`, 9999)))
	h.pipeRaw(src(at(`{"id":"a","ts":%d,"value":"x"}`, 9999)))
	h.pipeRaw(src(`{"id":"a","type":"exposure","value":"x"}`))
	h.pipeRaw(src(`{"id":"a","type":"exposure","ts":1,"value":"x"}`))
	h.pipeRaw(src(at(`{"id":"a","type":"exposure","ts":%d,"value":"x"}`, 9999)))
	h.pipeRaw(src(at(`{"id":"a","type":"exposure","ts":%d,"value":"x"}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"exposure","ts":%d}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"exposure","unit":"u1","ts":%d}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"exposure","unit":"u1","experiment":7,"variant":"A","ts":%d}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"exposure","unit":"u1","experiment":"exp","variant":7,"ts":%d}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"call","experiment":"ranker","variant":"Z","value":1e99,"ts":%d}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"call","experiment":"ranker","variant":"A","value":1e99,"ts":%d}`, 0)))
	h.pipeRaw(src(at(`{"id":"a","type":"retract","unit":"u1","ts":%d}`, 0)))
	h.wantDead("not_json 0", "no_id 1", "no_type 2", "bad_ts 3", "ts_past 4", "ts_future 5", "bad_value 6", "no_unit 7",
		"unknown_experiment 8", "unknown_experiment 9", "unknown_variant 10", "unknown_variant 11", "value_out_of_range 12", "bad_ref 13")
}

func TestCase20_TheFinestDecimalsJudgeAValue(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[1].Where = "currency=EUR" }))
	value := "90000000000000.01" // 2^53 is 90071992547409.92 at two decimals
	in := func(id, currency string) ev {
		e := bought(id, "u1", value, 1)
		e.Props = map[string]string{"currency": currency}
		return e
	}
	h.pipe(exposed("x1", "u1", "A", 0), in("p1", "EUR"), in("p2", "USD"))
	value = "90071992547409.93"
	h.pipe(in("p3", "EUR"), in("p4", "USD"))
	h.wantDead("value_out_of_range 3")
	h.want(oneUnit("0/1/1 0/5000/25000000"))
	six := 6
	h.apply(shop(func(d *experiment.Definition) { d.Experiment, d.Metrics[1].Decimals = "finer", &six }))
	value = "10000000000"
	h.pipe(in("p5", "USD"), bought("p6", "u2", "90071992547.409930", 2))
	h.wantDead("value_out_of_range 3", "value_out_of_range 5", "value_out_of_range 6")
}

func TestCase20_ARefusedValueIsNeverTriedAgain(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[1].Cap = nil }))
	h.pipe(exposed("x1", "u1", "A", 1), bought("p1", "u1", "90071992547409", 2), bought("p2", "u1", "1", 3), bought("p3", "u1", "-1", 4))
	h.wantDead("value_out_of_range 2")
	h.pipe(took("r1", "u1", "p1", 4), exposed("x0", "u1", "A", 0))
	h.want(oneUnit("0/1/1 0/-100/10000"))
	// Of events that waited the one that came last is refused; its record is gone, so it is counted.
	h.pipe(bought("q1", "u2", "90071992547409", 2), bought("q2", "u2", "1", 3), exposed("y1", "u2", "B", 1))
	h.wantDead("value_out_of_range 2")
	require.EqualValues(t, 1, h.Counter("refused_in_state").N)
}

func TestCase21_AMissingValueIsStillAConversion(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "null", 1), ev{ID: "p2", Type: "purchase", Unit: "u1", At: 2})
	h.want(oneUnit("0/1/1 0/0/0"), "no_value 2")
	odd := exposed("x2", "u1", "A", 3)
	odd.Value = json.RawMessage(`true`)
	h.pipe(odd)
	h.wantDead("bad_value 3")
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 0 1:1 0:0", "pane 2 A new 0 late 0 1:1 0:0")
}

func TestCase22_CountsIgnoreTheValue(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[0].Kind = "count" }))
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "7", 1), bought("p2", "u1", "null", 1), bought("p3", "u1", "-3", 1))
	h.want(oneUnit("0/3/9 0/400/160000"), "no_value 1")
}

func TestCase23_DecimalStringsFollowTheGrammarOfJSON(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", `"1.5e1"`, 1))
	h.want(oneUnit("0/1/1 0/1500/2250000"))
	for i, bad := range []string{`"+1"`, `"1."`, `".5"`, `"0x1"`, `"01"`, `" 1"`, `"1_0"`, `"NaN"`, `""`} {
		h.pipe(bought(fmt.Sprint("b", i), "u1", bad, 2))
	}
	h.commit()
	require.Len(t, h.done.dead, 9)
}

func TestCase24_ValuesAreRoundedHalfEvenFirst(t *testing.T) {
	h := newHarness(t, shop())
	for i, v := range []string{"0.125", "0.135", "-0.125", "0.004"} { // 12, 14, -12, 0
		h.pipe(bought(fmt.Sprint("p", i), "u1", v, 1))
	}
	h.pipe(exposed("x1", "u1", "A", 0))
	h.want(oneUnit("0/1/1 0/14/196"), "rounded 4")
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 0 4:4 4:14")
}

func TestCase25_TheCapBoundsTheTotalFromAbove(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "49", 1), bought("p2", "u1", "3", 2))
	h.want(oneUnit("0/1/1 0/5000/25000000"))
	h.pipe(bought("p3", "u1", "-2", 3))
	h.want(oneUnit("0/1/1 0/5000/25000000"))
	h.pipe(bought("p4", "u1", "-200", 4))
	h.want(oneUnit("0/1/1 0/-15000/225000000"))
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 0 1:1 1:4900", "pane 2 A new 0 late 0 1:1 1:300",
		"pane 3 A new 0 late 0 1:1 1:-200", "pane 4 A new 0 late 0 1:1 1:-20000")
}

func TestCase26_WhereIsEqualityWithATopLevelProp(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[0].Where, d.Metrics[1].Where = "k=7", "k=true" }))
	h.pipe(exposed("x1", "u1", "A", 0))
	for i, props := range []string{`{"k":7}`, `{"k":"7"}`, `{"k":7.0}`, `{"k":true}`, `{"k":"tr\u0075e"}`, `{"k":null}`, `{"k":{"k":7}}`, `{}`, `7`} {
		value := fmt.Sprintf(`{"id":"p%d","type":"purchase","unit":"u1","value":1,"ts":%d,"props":%s}`, i, ms(1), props)
		h.pipeRaw(topology.Source{Topic: eventsTopic, Key: []byte("u1"), Appended: ms(1), Value: []byte(value)})
	}
	h.want(oneUnit("0/1/1 0/200/40000"))
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 0 2:2 2:200")
}

func TestCase27_TaggedEventsAreTheirOwnUnits(t *testing.T) {
	h := newHarness(t, ranker())
	h.pipe(tagged("c1", "A", "1.5", 1), tagged("c2", "A", "null", 1), tagged("c3", "B", "2.25", 2))
	other := tagged("c4", "B", "1", 3)
	other.Type = "open"
	h.pipe(other)
	h.wantOf("ranker", 1, "A@1 units 2 seen 0 live 0/2/2 1/15/225 matured 0/0/0 0/0/0", "B@1 units 2 seen 0 live 0/1/1 1/22/484 matured 0/0/0 0/0/0",
		"no_value 1", "rounded 1")
}

func TestCase28_ATaggedEventWithAUnit(t *testing.T) {
	h := newHarness(t, ranker(), shop(func(d *experiment.Definition) { d.Metrics[0].Event, d.Metrics[1].Event = "call", "call" }))
	e := tagged("c1", "A", "1", 1)
	e.Unit = "u1"
	user := e
	user.ID, user.Experiment, user.Variant = "c2", "exp", "no such"
	h.pipe(exposed("x1", "u1", "A", 0), e, user)
	h.wantOf("ranker", 1, "A@1 units 1 seen 0 live 0/1/1 1/10/100 matured 0/0/0 0/0/0")
	h.want(oneUnit("0/1/1 0/100/10000"))
	user.Unit = ""
	h.pipeAs(user, topology.Source{Topic: eventsTopic, Appended: user.ms()})
	h.wantDead("no_unit 3")
}

func TestCase29_TagsOfUnknownExperiments(t *testing.T) {
	h := newHarness(t, shop())
	e := bought("p1", "u1", "1", 1)
	e.Experiment, e.Variant = "ghost", "A"
	h.pipe(exposed("x1", "u1", "A", 0), e, tagged("c1", "A", "1", 1), tagged("c2", "A", "1", 7))
	h.want(oneUnit("0/1/1 0/100/10000")[:len("A@1 units 1 seen ")] + "1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0")
	h.wantDead("unknown_experiment 2")
	h.apply(ranker())
	h.wantOf("ranker", 1, "A@1 units 1 seen 0 live 0/1/1 1/10/100 matured 0/0/0 0/0/0")
	x := exposed("x2", "u1", "A", 7)
	x.Experiment = "ranker"
	h.pipe(x)
	h.wantDead("unknown_experiment 2", "unknown_experiment 4")
	h.pipe(took("r1", "u1", "x1", 8))
	h.wantDead("unknown_experiment 2", "unknown_experiment 4", "bad_ref 5")
}

func TestCase30_TaggedEventsCountTwiceAndAreNeverRerouted(t *testing.T) {
	h := newHarness(t, ranker())
	h.tasks = 8
	e := tagged("c1", "A", "1", 1)
	e.Unit = "u1"
	for partition := range int32(8) {
		h.pipeAs(e, topology.Source{Topic: eventsTopic, Partition: partition, Key: []byte("k"), Appended: e.ms()})
	}
	h.wantOf("ranker", 1, "A@1 units 8 seen 0 live 0/8/8 8/80/800 matured 0/0/0 0/0/0")
	require.Empty(t, h.done.detours)
}

func TestTaggedEventsOutsideTheExperiment(t *testing.T) {
	e := ranker()
	end := time.UnixMilli(ms(10))
	e.Versions[0].Definition.End = &end
	e.Versions[0].Effective = ms(5)
	h := newHarness(t, e)
	h.pipe(tagged("c1", "A", "1", 4.999), tagged("c2", "A", "1", 5), tagged("c3", "A", "1", 10))
	h.wantOf("ranker", 1, "A@1 units 1 seen 0 live 0/1/1 1/10/100 matured 0/0/0 0/0/0", "before_start 1", "after_end 1")
}

func TestMisplacedRecordsTakeTheDetour(t *testing.T) {
	h := newHarness(t, shop())
	h.tasks = 8
	home := topology.PartitionOf([]byte("u1"), 8)
	e := bought("p1", "u1", "1", 1)
	send := func(partition int32, key []byte) {
		h.pipeAs(e, topology.Source{Topic: eventsTopic, Partition: partition, Key: key, Appended: 1790000000777, Headers: []topology.Header{{Key: "k", Value: []byte("v")}}})
	}
	send(home, []byte("u1"))
	send(home, []byte("other"))
	send(home+1, []byte("u1"))
	send(home, nil)
	h.commit()
	require.EqualValues(t, 3, h.Counter("rerouted").N)
	require.Len(t, h.done.detours, 3)
	d := h.done.detours[1]
	require.Equal(t, e.json(), d.Value)
	require.Equal(t, "u1", string(d.Key))
	require.Equal(t, home, d.Partition)
	require.Equal(t, []topology.Header{
		{Key: "abacus.source", Value: fmt.Appendf(nil, "abacus.events/%d/2", home+1)}, {Key: "abacus.appended", Value: []byte("1790000000777")},
		{Key: "abacus.arrived", Value: strconv.AppendInt(nil, e.ms(), 10)}, {Key: "k", Value: []byte("v")},
	}, d.Headers)
}
