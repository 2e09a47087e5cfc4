"""The API of the test cloud: moto's server, mended where the real AWS provider for Terraform or a person would
see that it is not AWS. Prints its port, and ends when its standard input does: with whoever started it."""

import hashlib
import sys
import uuid
from copy import copy
from datetime import datetime
from threading import Lock

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import amis, elastic_network_interfaces, instances, spot_requests, subnets
from moto.ec2.models import EC2Backend
from moto.ec2.responses.instances import InstanceResponse
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.ssm import models as ssm

AMAZON, CANONICAL = "898082745236", "099720109477"
OSS = "Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04)"
SERVER = "ubuntu/images/hvm-ssd"

# name, owner, architecture, GiB of the root volume. The newest of a kind comes last, as `parameters` relies on.
IMAGES = [
    (f"Deep Learning {OSS} 20250530", AMAZON, "x86_64", 75),
    (f"Deep Learning {OSS} 20250808", AMAZON, "x86_64", 75),
    (f"Deep Learning ARM64 {OSS} 20250530", AMAZON, "arm64", 75),
    (f"Deep Learning ARM64 {OSS} 20250808", AMAZON, "arm64", 75),
    (f"{SERVER}/ubuntu-jammy-22.04-amd64-server-20250712", CANONICAL, "x86_64", 8),
    (f"{SERVER}/ubuntu-jammy-22.04-arm64-server-20250712", CANONICAL, "arm64", 8),
    (f"{SERVER}-gp3/ubuntu-noble-24.04-amd64-server-20250610", CANONICAL, "x86_64", 8),
    (f"{SERVER}-gp3/ubuntu-noble-24.04-amd64-server-20250805", CANONICAL, "x86_64", 8),
    (f"{SERVER}-gp3/ubuntu-noble-24.04-arm64-server-20250610", CANONICAL, "arm64", 8),
    (f"{SERVER}-gp3/ubuntu-noble-24.04-arm64-server-20250805", CANONICAL, "arm64", 8),
]

# Public parameters by the beginning of the image's name.
PARAMETERS = {
    "deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id": f"Deep Learning {OSS}",
    "deeplearning/ami/arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id": f"Deep Learning ARM64 {OSS}",
    "canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id": f"{SERVER}/ubuntu-jammy-22.04-amd64",
    "canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id": f"{SERVER}/ubuntu-jammy-22.04-arm64",
    "canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id": f"{SERVER}-gp3/ubuntu-noble-24.04-amd64",
    "canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id": f"{SERVER}-gp3/ubuntu-noble-24.04-arm64",
}


def image_id(name, region):
    """An image has another id in each region."""
    return "ami-" + hashlib.sha256(f"{region} {name}".encode()).hexdigest()[:17]


def replace(owner, name):
    """Puts a function in the place of one that it is given as its first argument."""

    def put(function):
        original = getattr(owner, name)
        setattr(owner, name, lambda *args, **named: function(original, *args, **named))
        return function

    return put


one_at_a_time = Lock()


@replace(DomainDispatcherApplication, "__call__")
def answer(original, *request):
    """What one request reads another would change: moto's lists are nobody's."""
    with one_at_a_time:
        return original(*request)


@replace(amis.AmiBackend, "_load_amis")
def load_images(_, backend):
    for name, owner, architecture, size in IMAGES:
        image = amis.Ami(
            backend,
            image_id(name, backend.region_name),
            name=name,
            description=name,
            owner_id=owner,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture=architecture,
            creation_date=datetime.strptime(name[-8:], "%Y%m%d"),
            image_location=f"amazon/{name}",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name="/dev/sda1",
        )
        image.size = size
        backend.amis[image.id] = image


def block_devices(image):
    """moto's have 15 GiB each, which outlive their instance."""
    disk = {
        "SnapshotId": image.ebs_snapshot.id,
        "VolumeSize": getattr(image, "size", 15),
        "DeleteOnTermination": True,
        "VolumeType": "gp3",
        "Encrypted": False,
    }
    return [{"DeviceName": image.root_device_name, "Ebs": disk}]


amis.Ami.block_device_mappings = property(block_devices)


@replace(ssm.ParameterDict, "_check_loading_status")
def load_parameters(original, parameters, key):
    for path, beginning in PARAMETERS.items():
        name = f"/aws/service/{path}"
        if dict.__contains__(parameters, name):
            break
        newest = [image[0] for image in IMAGES if image[0].startswith(beginning)][-1]
        dict.__setitem__(
            parameters,
            name,
            [
                ssm.Parameter(
                    account_id=parameters.account_id,
                    name=name,
                    value=image_id(newest, parameters.region_name),
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=ssm.utcnow(),
                    version=1,
                    data_type="aws:ec2:image",
                )
            ],
        )
    return original(parameters, key)


@replace(instances.Instance, "setup_defaults")
def make_root_volume(_, instance):
    """moto's has 8 GiB, whatever the image has, and is a disk whose encryption nobody asked for."""
    image = instance.ec2_backend.amis.get(instance.image_id)
    size = getattr(image, "size", 8)
    volume = instance.ec2_backend.create_volume(
        size=size, zone_name=instance._placement.zone, volume_type="gp3"
    )
    instance.ec2_backend.attach_volume(volume.id, instance.id, instance.root_device_name, True)


@replace(elastic_network_interfaces.NetworkInterface, "check_auto_public_ip")
def use_private_address(original, interface):
    """moto's public addresses are invented, and belong to strangers. Here the private one is the only one: nobody
    who takes a public one from this API connects to anybody else."""
    original(interface)
    if interface.public_ip:
        interface.public_ip = interface.private_ip_address


@replace(elastic_network_interfaces.NetworkInterface, "__init__")
def know_private_address(original, interface, *args, **named):
    """It gets a public address before it has its private one, where that one was left to moto."""
    original(interface, *args, **named)
    interface.check_auto_public_ip()


# moto has an association without an address where there is none, which the provider takes for an address.
associated = elastic_network_interfaces.NetworkInterface.association.fget
elastic_network_interfaces.NetworkInterface.association = property(lambda self: associated(self) or None)


@replace(subnets.Subnet, "get_available_subnet_ip")
def use_fresh_address(original, subnet, instance):
    """moto gives an address away the moment that it is free, while the machine that had it still shuts down."""
    free, subnet._unused_ips = subnet._unused_ips, set()
    try:
        return original(subnet, instance)
    except StopIteration:
        subnet._unused_ips, free = free, set()
        return original(subnet, instance)
    finally:
        subnet._unused_ips |= free


@replace(EC2Backend, "run_instances")
def run_instances(original, backend, *args, **named):
    reservation = original(backend, *args, **named)
    for instance in reservation.instances:
        interface = instance.nics[0]
        # Groups may be given on the interface, and belong to the instance too.
        if not instance.security_groups:
            instance.security_groups = list(interface.group_set)
        # An interface that an instance was made with goes with it; moto's outlives it.
        interface.delete_on_termination = True
    return reservation


@replace(InstanceResponse, "run_instances")
def run_spot_instances(original, response):
    """Without a request's id the provider would replace every spot instance at the next apply."""
    result = original(response)
    market = response._get_param("InstanceMarketOptions", {}) or {}
    if market.get("MarketType") == "spot":
        for instance in result._result.instances:
            request = spot_request(instance, market.get("SpotOptions") or {})
            request.add_tags(response._parse_tag_specification().get("spot-instances-request", {}))
            instance.spot_instance_request_id = request.id
            instance.ec2_backend.spot_instance_requests[request.id] = request
    return result


def spot_request(instance, options):
    """Made by hand: moto's own constructor would start an instance for it."""
    request = spot_requests.SpotInstanceRequest.__new__(spot_requests.SpotInstanceRequest)
    request.ec2_backend = instance.ec2_backend
    request.id = f"sir-{uuid.uuid4().hex[:8]}"
    request.launch_specification = spot_requests.LaunchSpecification(
        kernel_id=None,
        ramdisk_id=None,
        image_id=instance.image_id,
        key_name=instance.key_name,
        instance_type=instance.instance_type,
        placement=instance._placement.zone,
        monitored=False,
        subnet_id=instance.subnet_id,
    )
    request.state = "active"
    request._status_code = "fulfilled"
    request.status_message = "Your spot request is fulfilled."
    request.price = options.get("MaxPrice", "1.006000")
    request.type = options.get("SpotInstanceType", "one-time")
    request.valid_from = request.valid_until = None
    request.launch_group = request.availability_zone_group = None
    request.instance_interruption_behaviour = options.get("InstanceInterruptionBehavior", "terminate")
    request.user_data = request.spot_fleet_id = request.launch_spec = None
    request.all_tags = {}
    request.instance = instance
    return request


@replace(instances.Instance, "terminate")
def terminate(original, instance):
    """Ending what has ended is no error. A spot instance's request ends with it."""
    if instance.state == "terminated":
        return copy(instance.instance_state)
    previous = original(instance)
    request = instance.ec2_backend.spot_instance_requests.get(instance.spot_instance_request_id)
    if request:
        request.state = "closed"
        request._status_code = "instance-terminated-by-user"
    return previous


def unless_ended(verb, doing):
    """What has ended stays so; moto's instances rise again."""

    @replace(instances.Instance, verb)
    def change(original, instance):
        if instance.state == "terminated":
            message = f"The instance '{instance.id}' is not in a state from which it can be {doing}."
            raise EC2ClientError("IncorrectInstanceState", message)
        return original(instance)


for verb, doing in [("start", "started"), ("stop", "stopped"), ("reboot", "rebooted")]:
    unless_ended(verb, doing)


@replace(InstanceResponse, "_security_grp_instance_attribute_handler")
def modify_groups(original, response):
    """A call of ModifyInstanceAttribute that names no groups is not about them; moto would take them all away."""
    return original(response) if response._get_param("Groups", []) else True


@replace(subnets.SubnetBackend, "create_default_subnet")
def make_default_subnet(original, backend, zone):
    """It is the default one also where its zone has another one; moto takes the first for it."""
    subnet = original(backend, zone)
    subnet.default_for_az = True
    subnet.map_public_ip_on_launch = True
    return subnet


server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
