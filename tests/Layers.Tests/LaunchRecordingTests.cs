using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>Launches that are collected and replayed do what they do one by one.</summary>
public sealed class LaunchRecordingTests : IDisposable
{
    private readonly ReplayingGpu _device = new();

    [Fact]
    public void Launches_that_repeat_are_replayed_and_do_the_same()
    {
        using var numbers = new Doubled(_device);
        for (int frame = 1; frame <= 4; frame++)
        {
            Assert.Equal(8 * frame, numbers.RunRecorded(frame, launches: 3));
            Assert.Equal(Math.Max(0, frame - 1), _device.Replays);
        }

        Assert.Equal(3, _device.SingleLaunches);
        Assert.Equal(1, _device.Graphs);
    }

    [Fact]
    public void Launches_on_other_memory_or_of_another_number_are_not_replayed()
    {
        using var first = new Doubled(_device);
        using var second = new Doubled(_device);
        first.RunRecorded(1, launches: 3);
        Assert.Equal(8, second.RunRecorded(1, launches: 3));
        Assert.Equal(16, first.RunRecorded(1, launches: 4));
        Assert.Equal(0, _device.Replays);
    }

    [Fact]
    public void Graphs_know_which_launches_run_beside_and_where_they_are_joined()
    {
        using var numbers = new Doubled(_device);
        using var others = new Doubled(_device);
        for (int frame = 0; frame < 2; frame++)
        {
            numbers.Set(1);
            others.Set(1);
            using (_device.BeginRecording())
            {
                numbers.Launch(1);
                using (LaunchRecording.Beside(_device))
                    others.Launch(2);
                numbers.Launch(2);
                LaunchRecording.Join(_device);
                numbers.Launch(2);
                using (LaunchRecording.Beside(_device))
                {
                    // Launches that share memory with those of any time wait for all.
                    lock (_device.LaunchLock)
                        others.Launch(1);
                }
            }

            Assert.Equal(32, numbers.Get());
            Assert.Equal(8, others.Get());
        }

        Assert.Equal(
            [
                LaunchOrder.Next, LaunchOrder.Beside, LaunchOrder.Beside, LaunchOrder.Next, LaunchOrder.Next, LaunchOrder.Joining, LaunchOrder.Next,
                LaunchOrder.Joining,
            ],
            _device.Orders);
        Assert.Equal(1, _device.Graphs);
    }

    [Fact]
    public void A_join_stays_wanted_until_a_launch_joins()
    {
        using var numbers = new Doubled(_device);
        using var others = new Doubled(_device);
        for (int frame = 0; frame < 2; frame++)
        {
            using (_device.BeginRecording())
            {
                using (LaunchRecording.Beside(_device))
                    others.Launch(1);
                LaunchRecording.Join(_device);
                using (LaunchRecording.Beside(_device))
                    others.Launch(1);
                numbers.Launch(1);
            }
        }

        Assert.Equal([LaunchOrder.Beside, LaunchOrder.Beside, LaunchOrder.Joining], _device.Orders);
    }

    [Fact]
    public void Launches_that_run_beside_are_not_replayed_as_others()
    {
        using var numbers = new Doubled(_device);
        for (int frame = 0; frame < 2; frame++)
        {
            using (_device.BeginRecording())
            {
                using (frame == 0 ? default : LaunchRecording.Beside(_device))
                    numbers.Launch(3);
            }
        }

        Assert.Equal(0, _device.Graphs);
    }

    [Fact]
    public void Copies_stay_in_order_with_collected_launches()
    {
        using var numbers = new Doubled(_device);
        using (_device.BeginRecording())
        {
            numbers.Set(1);
            numbers.Launch(2);
            Assert.Equal(4, numbers.Get());
            numbers.Set(5);
            numbers.Launch(2);
            numbers.Set(7);
            numbers.Launch(1);
        }

        Assert.Equal(14, numbers.Get());
    }

    [Fact]
    public void More_launches_than_are_collected_at_once_stay_in_order()
    {
        using var numbers = new Doubled(_device);
        for (int frame = 0; frame < 3; frame++)
            Assert.Equal(1 << 30, numbers.RunRecorded(1, launches: 30));

        // 8, 16 and the last 6.
        Assert.Equal(6, _device.Replays);
    }

    [Fact]
    public void Memory_that_goes_is_worked_on_before()
    {
        using var numbers = new Doubled(_device);
        using LaunchRecording.Scope recording = _device.BeginRecording();
        var gone = new Doubled(_device);
        numbers.Set(3);
        gone.Launch(1);
        numbers.Launch(1);
        gone.Dispose();
        Assert.Equal(2, _device.SingleLaunches);
        Assert.Equal(6, numbers.Get());
    }

    [Fact]
    public void Without_graphs_every_launch_is_made_by_itself()
    {
        _device.MakesGraphs = false;
        using var numbers = new Doubled(_device);
        for (int frame = 0; frame < 3; frame++)
            Assert.Equal(8, numbers.RunRecorded(1, launches: 3));
        Assert.Equal(9, _device.SingleLaunches);
    }

    [Fact]
    public void Few_graphs_are_kept()
    {
        using var numbers = new Doubled(_device);
        for (int launches = 2; launches < 8; launches++)
        {
            for (int other = 0; other < 8; other++)
            {
                using var moved = new Doubled(_device);
                moved.RunRecorded(1, launches);
                moved.RunRecorded(1, launches);
                numbers.RunRecorded(1, launches);
            }
        }

        Assert.InRange(_device.Graphs, 6, 32);
    }

    [Fact]
    public void Measured_launches_are_single_ones()
    {
        using var numbers = new Doubled(_device);
        for (int frame = 0; frame < 2; frame++)
            numbers.RunRecorded(1, launches: 3);
        Assert.Equal(1, _device.Replays);
        using (KernelProfile profile = _device.BeginProfile())
        {
            Assert.Equal(8, numbers.RunRecorded(1, launches: 3));
            Assert.Equal(3, Assert.Single(profile.Summarize()).Launches);
        }

        Assert.Equal(1, _device.Replays);
        numbers.RunRecorded(1, launches: 3);
        Assert.Equal(2, _device.Replays);
    }

    [Fact]
    public void Graphs_are_given_up_when_memory_runs_short()
    {
        using var numbers = new Doubled(_device);
        for (int frame = 0; frame < 2; frame++)
            numbers.RunRecorded(1, launches: 3);
        _device.FailingAllocations = 1;
        using (_device.Allocate(4))
            Assert.Equal(0, _device.Graphs);
        Assert.Equal(8, numbers.RunRecorded(1, launches: 3));
        _device.FailingAllocations = 1;
        Assert.Throws<DeviceMemoryException>(() => _device.Allocate(4));
    }

    [Fact]
    public void Launches_that_share_scratch_memory_are_not_torn_apart()
    {
        using var numbers = new Doubled(_device);
        using (_device.BeginRecording())
        {
            numbers.Set(1);
            numbers.Launch(6);
            lock (_device.LaunchLock)
                numbers.Launch(6);
            Assert.Equal(0, _device.SingleLaunches);
            numbers.Launch(1);
            Assert.Equal(12, _device.SingleLaunches);
        }

        Assert.Equal(1 << 13, numbers.Get());
    }

    [Fact]
    public void A_failure_on_another_thread_reaches_the_thread_whose_launches_failed()
    {
        using var numbers = new Doubled(_device);
        numbers.RunRecorded(1, launches: 3);
        _device.OnReplay = () => throw new DeviceException("It failed.");
        var recording = _device.BeginRecording();
        numbers.Set(1);
        numbers.Launch(3);
        var other = new Thread(_device.FlushAll);
        other.Start();
        other.Join();
        var failure = Assert.Throws<DeviceException>(recording.Dispose);
        Assert.Equal("It failed.", failure.Message);
        _device.OnReplay = null;
        Assert.Equal(8, numbers.RunRecorded(1, launches: 3));
    }

    [Fact]
    public async Task Threads_replay_side_by_side()
    {
        await Task.WhenAll(Enumerable.Range(1, 3).Select(thread => Task.Run(() =>
        {
            using var numbers = new Doubled(_device);
            for (int frame = 0; frame < 5; frame++)
                Assert.Equal(16 * thread, numbers.RunRecorded(thread, launches: 4));
        })));

        // A thread whose memory lies where that of another one lay replays its first frame too.
        Assert.InRange(_device.Replays, 12, 15);
    }

    [Fact]
    public void A_recording_may_lie_within_another_one_and_outlast_the_device()
    {
        var numbers = new Doubled(_device);
        using (_device.BeginRecording())
        {
            numbers.Set(1);
            numbers.Launch(1);
            using (_device.BeginRecording())
                numbers.Launch(1);
            Assert.Equal(4, numbers.Get());
            numbers.Launch(1);
            _device.Dispose();
            Assert.Throws<ObjectDisposedException>(() => numbers.Launch(1));
        }
    }

    public void Dispose() => _device.Dispose();

    // A number that every launch doubles.
    private sealed class Doubled(ReplayingGpu device) : IDisposable
    {
        private readonly Tensor _number = device.Upload([0], 1, 1, 1);

        public void Set(float value) => _number.Upload<float>([value]);

        public float Get() => _number.ToArray()[0];

        public void Launch(int times)
        {
            for (int i = 0; i < times; i++)
                device.Double(_number.Buffer);
        }

        public float RunRecorded(float value, int launches)
        {
            using LaunchRecording.Scope recording = device.BeginRecording();
            Set(value);
            Launch(launches);
            return Get();
        }

        public void Dispose() => _number.Buffer.Dispose();
    }
}
