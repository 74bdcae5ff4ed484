package sim

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/abacus-stream/abacus/topology/topologytest"
)

// results compares outputs, changelogs and what was put aside with those of the oracle.
func (w *world) results(t *testing.T) (found []string) {
	t.Helper()
	oracle := w.oracle(t)
	compare := func(topic, name string, of func([]note) figures) {
		but := func(list []note) []note {
			return slices.DeleteFunc(list, func(n note) bool { return w.cfg.Except(name, n.key) })
		}
		found = append(found, differences(topic, of(but(notes(w.logs, topic))), of(but(records(oracle, topic))))...)
	}
	for _, topic := range outputs(w.topo) {
		if slices.Contains(w.cfg.Exact, topic) {
			compare(topic, topic, everyOf)
		} else {
			compare(topic, topic, lastOf)
		}
	}
	for _, sub := range w.topo.Subs {
		for _, store := range sub.Stores {
			if store.Name != sub.TaskStore() && store.SourceTopic == "" {
				compare(sub.Changelog(store), store.Name, lastOf)
			}
		}
	}
	for _, topic := range []string{w.topo.App + ".dlq", w.topo.App + ".late"} {
		compare(topic, topic, tallyOf)
	}
	return found
}

// figures are what is compared of a topic, by partition and key.
type figures map[string][]byte

func figure(partition int32, key []byte) string { return fmt.Sprintf("%d/%s", partition, key) }

// differences says where figures are not those of the oracle.
func differences(topic string, got, want figures) (found []string) {
	for key, value := range want {
		if have, ok := got[key]; !ok {
			found = append(found, fmt.Sprintf("%s: %q is missing, the oracle has %q", topic, key, value))
		} else if !bytes.Equal(have, value) {
			found = append(found, fmt.Sprintf("%s: %q is %q, the oracle has %q", topic, key, have, value))
		}
	}
	for key, value := range got {
		if _, ok := want[key]; !ok {
			found = append(found, fmt.Sprintf("%s: %q is %q, the oracle has none", topic, key, value))
		}
	}
	slices.Sort(found)
	return found
}

// note is one record of a topic, wherever it comes from.
type note struct {
	partition  int32
	key, value []byte
}

func notes(all logs, topic string) (list []note) {
	for p, records := range all[topic] {
		for _, r := range records {
			list = append(list, note{p, r.Key, r.Value})
		}
	}
	return list
}

func records(oracle *topologytest.Driver, topic string) (list []note) {
	for _, r := range oracle.Records(topic) {
		list = append(list, note{r.Partition, r.Key, r.Value})
	}
	return list
}

func lastOf(list []note) figures {
	rows := map[int32]map[string][]byte{}
	for _, n := range list {
		if rows[n.partition] == nil {
			rows[n.partition] = map[string][]byte{}
		}
		put(rows[n.partition], n.key, n.value)
	}
	last := figures{}
	for partition, values := range rows {
		for key, value := range values {
			last[figure(partition, []byte(key))] = value
		}
	}
	return last
}

func everyOf(list []note) figures {
	every := figures{}
	for _, n := range list {
		key := figure(n.partition, n.key)
		every[key] = fmt.Appendf(every[key], "%x;", n.value)
	}
	return every
}

func tallyOf(list []note) figures {
	count := map[string]int{}
	for _, n := range list {
		count[figure(n.partition, n.key)+" "+string(n.value)]++
	}
	f := figures{}
	for key, n := range count {
		f[key] = fmt.Appendf(nil, "%d times", n)
	}
	return f
}
