using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>Which device is opened where there are several, or one that cannot be opened.</summary>
public sealed class DeviceSelectionTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly DeviceRefusal s_refusal = new(DeviceKind.OpenCl, "OpenCL", "the driver is broken", RefusalCause.Failed);

    private readonly ManualResetEventSlim _mayOpen = new(initialState: true);
    private readonly List<Device> _begun = [];

    [Fact]
    public void Auto_passes_over_what_cannot_be_opened_and_says_why()
    {
        DeviceSelection selection = Selection(isAuto: true, Broken(0), Working(1));
        using Device device = selection.Open();
        Assert.Equal(2, _begun.Count);
        Assert.Same(_begun[1], device);
        Assert.Equal((true, false), (_begun[0].IsDisposed, device.IsDisposed));
        Assert.True(selection.HasFailures);
        Assert.Equal("Running on cuda:1 (card 1); cuda:0: It belongs to another program.", selection.Note);
    }

    [Fact]
    public void Auto_passes_over_what_cannot_even_be_asked()
    {
        DeviceCandidate silent = new(Description(0), () => throw new DeviceException("It does not answer."), Refusals: []);
        DeviceSelection selection = Selection(isAuto: true, silent, Working(1));
        using Device device = selection.Open();
        Assert.Same(Assert.Single(_begun), device);
        Assert.Equal("Running on cuda:1 (card 1); cuda:0: It does not answer.", selection.Note);
        Assert.Throws<DeviceException>(Selection(isAuto: false, silent).Open);
    }

    [Fact]
    public void Auto_ends_with_the_processor_and_says_why()
    {
        DeviceSelection selection = Selection(isAuto: true, Broken(0), Processor([s_refusal]));
        using Device device = selection.Open();
        Assert.Equal(DeviceKind.Cpu, device.Kind);
        Assert.Equal(
            "Running on the processor, as no usable GPU was found: cuda:0: It belongs to another program; OpenCL: the driver is broken.", selection.Note);
    }

    [Fact]
    public void What_comes_after_a_device_that_can_be_opened_is_not_looked_for()
    {
        DeviceSelection selection = Selection(isAuto: true, Working(0), Processor([s_refusal]));
        using Device device = selection.Open();
        Assert.Same(Assert.Single(_begun), device);
        Assert.Equal((false, null), (selection.HasFailures, selection.Note));
    }

    [Fact]
    public void A_device_that_was_asked_for_and_cannot_be_opened_is_an_error()
    {
        DeviceSelection selection = Selection(isAuto: false, Broken(0));
        Assert.Equal("It belongs to another program.", Assert.Throws<DeviceException>(selection.Open).Message);
        Assert.True(Assert.Single(_begun).IsDisposed);
    }

    [Fact]
    public async Task A_device_is_open_when_it_is_given()
    {
        _mayOpen.Reset();
        DeviceSelection selection = Selection(isAuto: false, Working(0));
        Task<Device> opening = Task.Run(selection.Open, TestContext.Current.CancellationToken);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(opening.IsCompleted);
        _mayOpen.Set();
        using Device device = await opening;
        Assert.True(device.Opening.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Something_is_loaded_while_a_device_is_opened()
    {
        _mayOpen.Reset();
        DeviceSelection selection = Selection(isAuto: true, Broken(0), Working(1));
        var loads = new List<(Device Device, bool WasOpen)>();
        Device opened = await selection.OpenAsync(
            device =>
            {
                loads.Add((device, device.Opening.IsCompleted));
                _mayOpen.Set();
                Task.WaitAny(device.Opening);
                _mayOpen.Reset();
                device.FinishOpening();
                return Task.FromResult(device);
            },
            TestContext.Current.CancellationToken);
        Assert.Equal([(_begun[0], false), (_begun[1], false)], loads);
        Assert.Same(_begun[1], opened);
        opened.Dispose();
    }

    [Fact]
    public async Task Nothing_else_is_tried_when_the_loading_fails_or_is_not_wanted_any_more()
    {
        DeviceSelection selection = Selection(isAuto: true, Working(0), Working(1));
        await Assert.ThrowsAsync<DeviceMemoryException>(() => selection.OpenAsync<int>(
            device =>
            {
                device.FinishOpening();
                throw new DeviceMemoryException("The weights do not fit.");
            },
            TestContext.Current.CancellationToken));
        Assert.True(Assert.Single(_begun).IsDisposed);

        _begun.Clear();
        using var cancelling = new CancellationTokenSource();
        selection = Selection(isAuto: true, Broken(0), Working(1));
        await Assert.ThrowsAsync<DeviceException>(() => selection.OpenAsync(
            device =>
            {
                cancelling.Cancel();
                device.FinishOpening();
                return Task.FromResult(device);
            },
            cancelling.Token));
        Assert.True(Assert.Single(_begun).IsDisposed);
    }

    public void Dispose()
    {
        _mayOpen.Set();
        foreach (Device device in _begun)
            device.Dispose();
        _mayOpen.Dispose();
    }

    private static DeviceSelection Selection(bool isAuto, params DeviceCandidate[] candidates) => new(candidates, isAuto);

    private DeviceCandidate Working(int index) => Card(index, () => Assert.True(_mayOpen.Wait(s_patience)));

    private DeviceCandidate Broken(int index) => Card(
        index,
        () =>
        {
            Assert.True(_mayOpen.Wait(s_patience));
            throw new DeviceException("It belongs to another program.");
        });

    private DeviceCandidate Card(int index, Action open) => Candidate(Description(index), () => new ReplayingGpu(open), []);

    private static DeviceDescription Description(int index) => new(DeviceKind.Cuda, index, $"card {index}", 1 << 30, "none", IsGpu: true);

    private DeviceCandidate Processor(DeviceRefusal[] refusals) => Candidate(
        new DeviceDescription(DeviceKind.Cpu, 0, "processor", 1 << 30, "managed code", IsGpu: false), () => new CpuDevice(1), refusals);

    private DeviceCandidate Candidate(DeviceDescription description, Func<Device> make, DeviceRefusal[] refusals) => new(
        description,
        () =>
        {
            Device device = make();
            _begun.Add(device);
            return device;
        },
        refusals);
}
