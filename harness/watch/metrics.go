package watch

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"labcheck/harness"
)

// Metrics are what `labcheck watch` says to Prometheus, of its last check.
type Metrics struct {
	registry *prometheus.Registry
	claims   *prometheus.GaugeVec
	holds    *prometheus.GaugeVec
	engines  *prometheus.GaugeVec
	healthy  *prometheus.GaugeVec
	peers    *prometheus.GaugeVec
	duration prometheus.Gauge
	checked  prometheus.Gauge
	success  prometheus.Gauge
	checks   *prometheus.CounterVec
	interval time.Duration

	mu      sync.Mutex
	last    time.Time // when the last check ended; that the watch began before
	verdict harness.Verdict
}

// NewMetrics returns the metrics of a watch that checks at an interval.
func NewMetrics(interval time.Duration) *Metrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "labcheck", Name: name, Help: help}, labels)
	}
	one := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "labcheck", Name: name, Help: help})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		claims: gauge("claims",
			"Claims by what the last check came to: passed, failed, or skipped where they could not be checked.", "status"),
		holds: gauge("claim_holds",
			"1 for a claim that holds, 0 for one that is false; absent where it could not be checked.", "id"),
		engines:  gauge("node_engine_up", "1 where the node's engine answered the last check.", "node"),
		healthy:  gauge("node_healthy", "1 where the Swarm manager lists the node as Healthy. The manager's own node is no member.", "node"),
		peers:    gauge("node_gossip_peers", "Engines that the node's engine has alive in its gossip, itself too.", "node"),
		duration: one("check_duration_seconds", "How long the last check took."),
		checked:  one("last_check_timestamp_seconds", "When the last check ended."),
		success: one("last_success_timestamp_seconds",
			"When the last check ended in which every claim held; 0 before there was one."),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "labcheck", Name: "checks_total", Help: "Checks by verdict.",
		}, []string{"verdict"}),
		interval: interval, last: time.Now(),
	}
	m.registry.MustRegister(m.claims, m.holds, m.engines, m.healthy, m.peers, m.duration, m.checked, m.success, m.checks)
	return m
}

// set takes over what a check came to; nil metrics take nothing.
func (m *Metrics) set(e harness.Evidence) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.last, m.verdict = now, e.Run.Verdict
	m.claims.WithLabelValues(string(harness.Passed)).Set(float64(e.Counts.Passed))
	m.claims.WithLabelValues(string(harness.Failed)).Set(float64(e.Counts.Failed))
	m.claims.WithLabelValues(string(harness.Skipped)).Set(float64(e.Counts.Skipped))
	m.holds.Reset()
	for _, s := range e.Scenarios {
		if s.Status != harness.Skipped {
			m.holds.WithLabelValues(s.ID).Set(gaugeOf(s.Status == harness.Passed))
		}
	}
	if n := len(e.Snapshots); n > 0 {
		m.setNodes(e.Snapshots[n-1].Hosts)
	}
	m.duration.Set(e.Run.Duration.Seconds())
	m.checked.Set(float64(now.Unix()))
	if e.Run.Verdict == harness.VerdictHolds {
		m.success.Set(float64(now.Unix()))
	}
	m.checks.WithLabelValues(string(e.Run.Verdict)).Inc()
}

func (m *Metrics) setNodes(hosts []harness.HostSnapshot) {
	for _, h := range hosts {
		m.engines.WithLabelValues(h.Name).Set(gaugeOf(h.Engine != ""))
		m.peers.WithLabelValues(h.Name).Set(float64(h.Peers))
		if h.Role != "manager" {
			m.healthy.WithLabelValues(h.Name).Set(gaugeOf(h.Member == "Healthy"))
		}
	}
}

func gaugeOf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// lateAfter is after how many intervals without a check the watch itself is ill.
const lateAfter = 3

// handler serves /metrics and /healthz. The latter is about the watch, not the
// cluster: 503 where no check has ended lately.
func (m *Metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		ago := time.Since(m.last)
		if ago > lateAfter*m.interval+time.Minute {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintf(w, "last check %s ago: %s\n", ago.Round(time.Second), m.verdict)
	})
	return mux
}

// Serve serves the metrics at an address until stop is called.
func (m *Metrics) Serve(address string) (at net.Addr, stop func(), err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: m.handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }() // it ends with stop
	return l.Addr(), func() { _ = server.Close() }, nil
}
