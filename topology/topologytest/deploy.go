package topologytest

import "github.com/abacus-stream/abacus/topology"

// Deploy kills every instance and starts them anew with another topology of the same app, on the disks and the topics that
// there are, as the next version of a program does. The numbers of partitions stay.
func (d *Driver) Deploy(topo *topology.Topology) {
	d.t.Helper()
	if topo.App != d.topo.App {
		d.t.Fatalf("the topology is of app %s, the driver runs %s", topo.App, d.topo.App)
	}
	d.topo = topo
	d.create()
	d.start()
}

// create makes the topics of the topology that there are not yet.
func (d *Driver) create() {
	for _, s := range d.topo.Subs {
		for _, src := range s.Sources {
			d.topic(src.Topic)
		}
		for _, store := range s.Stores {
			if name := s.Changelog(store); d.topics[name] == nil {
				d.topics[name] = newTopic(d.tasks(s))
			}
		}
	}
	for _, name := range append([]string{d.cfg.DeadLetter, d.cfg.Late}, d.topo.Globals...) {
		if d.topics[name] == nil {
			d.topics[name] = newTopic(1)
		}
	}
}
