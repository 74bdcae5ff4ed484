package main

import (
	"net"
	"strconv"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/metrics"
)

// noMetrics is the address of none.
const noMetrics = "off"

// metricsFlag gives a command that runs for long its --metrics.
func metricsFlag(cmd *cobra.Command) {
	cmd.Flags().String("metrics", "127.0.0.1:9464", "`address` of metrics and profiles, or off; if the port is taken the next free one")
}

// serveMetrics serves metrics where cmd says, until stop. They are nil if it says off.
func serveMetrics(cmd *cobra.Command, log *zap.Logger) (m *metrics.Metrics, stop func(), err error) {
	address, err := cmd.Flags().GetString("metrics")
	if err != nil {
		return nil, nil, err
	}
	if address == noMetrics {
		return nil, func() {}, nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return nil, nil, usageError("--metrics %q: want host:port, such as 127.0.0.1:9464, or off", address)
	}
	m = metrics.New(release, revision())
	stop, err = m.Serve(address, log)
	return m, stop, err
}
