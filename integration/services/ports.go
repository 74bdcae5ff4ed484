package services

import (
	"errors"
	"fmt"
	"net"
)

// freePorts gives host:port of n ports that nobody listens on now. They are held together until all
// are found, so that they differ.
func freePorts(n int) (addrs []string, err error) {
	for range n {
		l, listenErr := net.Listen("tcp", "127.0.0.1:0")
		if listenErr != nil {
			return nil, errors.Join(err, fmt.Errorf("free port: %w", listenErr))
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
