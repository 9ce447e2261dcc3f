package ec2_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/ec2"
)

// api stands for EC2: it answers DescribeInstances as the Query API does
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html),
// applies the filters, and answers in pages of two.
type api struct {
	instances []instance
	asked     []url.Values
	refuse    string // an error code
}

type instance struct {
	id, name, state, private, public, vpc string
	tags                                  map[string]string
}

const described = `<item><reservationId>r-1</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item>
<instanceId>%s</instanceId><instanceState><code>16</code><name>%s</name></instanceState>%s<vpcId>%s</vpcId>
<tagSet><item><key>Environment</key><value>test</value></item><item><key>Name</key><value>%s</value></item></tagSet>
</item></instancesSet></item>`

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.asked = append(a.asked, r.PostForm)
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if a.refuse != "" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<Response><Errors><Error><Code>%s</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>1</RequestID></Response>`, a.refuse)
		return
	}
	items, next := a.page(r.PostForm)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><reservationSet>%s</reservationSet>%s</DescribeInstancesResponse>`, items, next)
}

func (a *api) page(form url.Values) (items, next string) {
	var matching []instance
	for _, i := range a.instances {
		if i.matches(form) {
			matching = append(matching, i)
		}
	}
	from := 0
	if form.Get("NextToken") == "more" {
		from = 2
	}
	to := min(from+2, len(matching))
	if from == 2 {
		to = len(matching)
	}
	for _, i := range matching[min(from, to):to] {
		addresses := ""
		if i.private != "" {
			addresses += "<privateIpAddress>" + i.private + "</privateIpAddress>"
		}
		if i.public != "" {
			addresses += "<ipAddress>" + i.public + "</ipAddress>"
		}
		items += fmt.Sprintf(described, i.id, i.state, addresses, i.vpc, i.name)
	}
	if to < len(matching) {
		next = "<nextToken>more</nextToken>"
	}
	return items, next
}

func (i instance) matches(form url.Values) bool {
	for n := 1; ; n++ {
		prefix := fmt.Sprintf("Filter.%d.", n)
		name := form.Get(prefix + "Name")
		if name == "" {
			return true
		}
		have := map[string]string{"tag:Name": i.name, "vpc-id": i.vpc}[name]
		if key, ok := strings.CutPrefix(name, "tag:"); ok && key != "Name" {
			have = i.tags[key]
		}
		var values []string
		for k := 1; form.Get(fmt.Sprintf("%sValue.%d", prefix, k)) != ""; k++ {
			values = append(values, form.Get(fmt.Sprintf("%sValue.%d", prefix, k)))
		}
		if !slices.Contains(values, have) {
			return false
		}
	}
}

// serve has the SDK ask the fake and nobody else.
func (a *api) serve(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_EC2": server.URL, "AWS_ENDPOINT_URL": server.URL, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": t.TempDir() + "/none", "AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/none",
		"AWS_PROFILE": "", "AWS_DEFAULT_REGION": "", "HTTP_PROXY": "", "http_proxy": "",
	} {
		t.Setenv(name, value)
	}
}

func tutorialInstances() []instance {
	all := []instance{{id: "i-0", name: "elsewhere", state: "running", private: "10.0.0.9", vpc: "vpc-1"}}
	for k, n := range ec2.Tutorial().Nodes {
		all = append(all, instance{
			id: fmt.Sprintf("i-%d", k+1), name: n.Name, state: "running", private: fmt.Sprintf("10.0.0.%d", k+10), public: fmt.Sprintf("203.0.113.%d", k+10),
			vpc: "vpc-1", tags: map[string]string{"team": "swarm"},
		})
	}
	return all
}

func TestDiscover(t *testing.T) {
	a := &api{instances: append(tutorialInstances(),
		instance{id: "i-old", name: "store", state: "terminated", vpc: "vpc-1"},
		instance{id: "i-other", name: "store", state: "running", private: "10.9.0.1", vpc: "vpc-2"})}
	a.instances[1].public = "" // the manager
	a.serve(t)
	i := ec2.Tutorial()
	i.Nodes[4].CPUs = 2
	got, err := ec2.Discover(t.Context(), ec2.AWS{VPC: "vpc-1"}, i)
	if err != nil {
		t.Fatal(err)
	}
	want := ec2.Tutorial()
	for k := range want.Nodes {
		want.Nodes[k].Address, want.Nodes[k].Public = fmt.Sprintf("10.0.0.%d", k+10), fmt.Sprintf("203.0.113.%d", k+10)
	}
	want.Nodes[0].Public, want.Nodes[4].CPUs = "", 2
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(a.asked) != 2 || a.asked[0].Get("Action") != "DescribeInstances" {
		t.Errorf("EC2 was asked %v", a.asked)
	}
}

func TestDiscoverRefuses(t *testing.T) {
	instances := tutorialInstances
	tests := []struct {
		name string
		api  *api
		aws  ec2.AWS
		env  [2]string
		want []string
	}{
		{
			name: "none and two of a name",
			api:  &api{instances: append(instances()[:5], instance{id: "i-8", name: "worker01", state: "running", private: "10.0.0.77"})},
			want: []string{
				"not exactly one running instance has the Name tag worker01; these have it: i-4 running 10.0.0.13, i-8 running 10.0.0.77",
				"no instance has the Name tag store",
			},
		},
		{
			name: "only stopped ones",
			api: &api{instances: append(instances()[:5],
				instance{id: "i-9", name: "store", state: "stopped", private: "10.0.0.14"}, instance{id: "i-7", name: "store", state: "terminated"})},
			want: []string{"store; these have it: i-9 stopped 10.0.0.14, i-7 terminated"},
		},
		{name: "a tag that none has", api: &api{instances: instances()}, aws: ec2.AWS{Tags: []string{"team=other"}}, want: []string{"no instance has the Name tag manager"}},
		{name: "a refusal", api: &api{refuse: "UnauthorizedOperation"}, want: []string{"UnauthorizedOperation", "not authorized"}},
		{name: "no region", api: &api{}, env: [2]string{"AWS_REGION", ""}, want: []string{"no region is set"}},
		{name: "no such profile", api: &api{}, aws: ec2.AWS{Profile: "nobody"}, want: []string{"nobody"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.api.serve(t)
			if test.env[0] != "" {
				t.Setenv(test.env[0], test.env[1])
			}
			start := time.Now()
			_, err := ec2.Discover(t.Context(), test.aws, ec2.Tutorial())
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
			if time.Since(start) > 5*time.Second {
				t.Errorf("it took %s", time.Since(start))
			}
		})
	}
}

func TestDiscoverWithTag(t *testing.T) {
	a := &api{instances: tutorialInstances()}
	a.serve(t)
	if _, err := ec2.Discover(t.Context(), ec2.AWS{Tags: []string{"team=swarm"}}, ec2.Tutorial()); err != nil {
		t.Error(err)
	}
}
