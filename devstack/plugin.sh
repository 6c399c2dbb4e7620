#!/bin/bash
#
# plugin.sh MODE PHASE: what devstack does with Understudy, phase by phase
#
# The functions that do it are in lib/: checks, configuration, databases, rabbit, keystone,
# services.

_XTRACE_UNDERSTUDY=$(set +o | grep xtrace)
set +o xtrace

# Not each of devstack's scripts has read the settings.
if [[ -z "$UNDERSTUDY_DIR" ]]; then
    # shellcheck source=/dev/null
    source "$(dirname "${BASH_SOURCE[0]}")/settings"
fi

for _understudy_part in checks credentials databases rabbit keystone configuration services; do
    # shellcheck source=/dev/null
    source "$UNDERSTUDY_DIR/devstack/lib/$_understudy_part"
done
unset _understudy_part

function understudy_pre_install {
    understudy_check_settings
}

function understudy_install {
    # setup_develop reads the name from setup.cfg, which this project has none of.
    setup_package "$UNDERSTUDY_DIR" -e "$(understudy_extras)"
}

# Keystone and the servers run by now.
function understudy_post_config {
    understudy_make_folders
    understudy_keep_placement_from_overfilling
    if is_service_enabled understudy-super; then
        understudy_add_vhost api
        understudy_bound_queues api
        understudy_create_database api
    fi
    if is_service_enabled understudy-scheduler understudy-super; then
        understudy_create_placement_user api
        understudy_configure_api
    fi
    local cell
    for cell in $UNDERSTUDY_CELLS; do
        if is_service_enabled "understudy-conductor-$cell"; then
            understudy_add_vhost "$cell"
            understudy_create_database "$cell"
            understudy_create_placement_user "$cell"
            understudy_configure_cell "$cell"
        fi
    done
    for cell in $UNDERSTUDY_COMPUTE_CELLS; do
        if is_service_enabled "understudy-compute-$cell"; then
            understudy_configure_compute "$cell"
        fi
    done
    understudy_sync_databases
}

function understudy_extra {
    understudy_register_cells
    understudy_start
}

# Tempest learns that the service is there; tests of ours look for it.
function understudy_test_config {
    if is_service_enabled tempest; then
        iniset "$TEMPEST_CONFIG" service_available understudy True
    fi
}

function understudy_unstack {
    understudy_stop
}

# The servers may be stopped by now; what they keep then goes with them.
function understudy_clean {
    understudy_stop
    local owner
    for owner in $UNDERSTUDY_CELLS api; do
        understudy_remove_vhost "$owner"
        understudy_drop_database "$owner"
    done
    understudy_remove_folders
}

if is_understudy_enabled; then
    if [[ "$1" == "stack" ]]; then
        case "$2" in
            pre-install)
                echo_summary "Checking Understudy's settings"
                understudy_pre_install
                ;;
            install)
                echo_summary "Installing Understudy"
                understudy_install
                ;;
            post-config)
                echo_summary "Configuring Understudy"
                understudy_post_config
                ;;
            extra)
                echo_summary "Starting Understudy"
                understudy_extra
                ;;
            test-config)
                echo_summary "Configuring Tempest for Understudy"
                understudy_test_config
                ;;
        esac
    elif [[ "$1" == "unstack" ]]; then
        understudy_unstack
    elif [[ "$1" == "clean" ]]; then
        understudy_clean
    fi
fi

$_XTRACE_UNDERSTUDY
