package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

const drawnDOT = `digraph "app" {
  rankdir=LR
  node [shape=ellipse]
  n0 [label="orders", shape=box]
  n2 [label="app-misplaced-repartition", shape=box]
  n4 [label="rules", shape=box]
  n5 [label="app-by-shop-repartition", shape=box]
  n8 [label="counts", shape=box]
  n9 [label="shops", shape=box]
  subgraph cluster_0 {
    label="0: orders"
    n1 [label="all"]
    n3 [label="check"]
  }
  subgraph cluster_1 {
    label="1: counts"
    n6 [label="count"]
    n7 [label="counts", shape=cylinder]
  }
  subgraph cluster_2 {
    label="2: shop-table"
    n10 [label="mirror"]
    n11 [label="shop-table", shape=cylinder]
  }
  n0 -> n1
  n2 -> n1
  n1 -> n3
  n3 -> n2
  n4 -> n3 [style=dashed, dir=none]
  n3 -> n5
  n5 -> n6
  n6 -> n7 [style=dashed, dir=none]
  n6 -> n8
  n9 -> n10
  n10 -> n11 [style=dashed, dir=none]
  n4 -> n10 [style=dashed, dir=none]
}
`

const drawnMermaid = `flowchart LR
  n0["orders"]
  n2["app-misplaced-repartition"]
  n4["rules"]
  n5["app-by-shop-repartition"]
  n8["counts"]
  n9["shops"]
  subgraph sub0["0: orders"]
    n1("all")
    n3("check")
  end
  subgraph sub1["1: counts"]
    n6("count")
    n7[("counts")]
  end
  subgraph sub2["2: shop-table"]
    n10("mirror")
    n11[("shop-table")]
  end
  n0 --> n1
  n2 --> n1
  n1 --> n3
  n3 --> n2
  n4 -.- n3
  n3 --> n5
  n5 --> n6
  n6 -.- n7
  n6 --> n8
  n9 --> n10
  n10 -.- n11
  n4 -.- n10
`

func TestDrawings(t *testing.T) {
	var b topology.Builder
	example(&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	require.Equal(t, drawnDOT, topo.DOT())
	require.Equal(t, drawnMermaid, topo.Mermaid())
}
