package metrics

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// ports is how many are tried from the one asked for on.
const ports = 100

// Serve answers /metrics and /debug/pprof/ at an address until it is stopped. If the port is taken it warns and uses the next
// free one. An error is of an address that this machine does not have.
func (m *Metrics) Serve(address string, log *zap.Logger) (stop func(), err error) {
	listener, err := listen(address)
	if err != nil {
		return nil, err
	}
	at := listener.Addr().String()
	if _, asked, _ := net.SplitHostPort(address); asked != "0" && asked != strconv.Itoa(listener.Addr().(*net.TCPAddr).Port) {
		log.Warn("the port for metrics is taken, another one is used", zap.String("asked", address), zap.String("address", at))
	} else {
		log.Info("metrics are served", zap.String("address", at))
	}
	server := &http.Server{Handler: m.handler(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Warn("metrics are no longer served", zap.Error(err))
		}
	}()
	return func() {
		_ = server.Close()
		<-done
	}, nil
}

func (m *Metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "abacus: /metrics for Prometheus, /debug/pprof/ for go tool pprof")
	})
	return mux
}

// listen takes the port of an address, or the next one that is free.
func listen(address string) (net.Listener, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: want host:port: %w", address, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("address %q: the port is no number below 65536", address)
	}
	var listener net.Listener
	for try := port; try < port+ports && try <= 65535; try++ {
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.FormatUint(try, 10))); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", address, err)
	}
	return listener, nil
}
