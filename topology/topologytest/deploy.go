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
	d.fill()
	d.start()
}
