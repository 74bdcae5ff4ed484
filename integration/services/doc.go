// Package services gives tests the real things: an Apache Kafka and a Redis,
// one of each per test binary, on free ports, with data and logs in temporary
// folders, ended with the binary. Several binaries may do so at the same time.
//
//	ABACUS_TEST_KAFKA, ABACUS_TEST_REDIS   host:port of one that runs already
//	ABACUS_TEST_SAID                       file that what is said here is added to, as other packages do
//	ABACUS_TEST_JAVA                       options of Kafka's JVM, for who measures
//	CI=true                                what cannot be had is a failure, not a skip
//
// Kafka's jars come by Maven, once a machine, into the user's cache folder; Redis
// is the redis-server of PATH, or is installed by apt-get as root on a Debian.
//
// A binary that uses it hands its TestMain over to Main. Topics and keys belong
// to a test by its Prefix, as the services are shared by all tests of a binary.
package services
