using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Models.Tests;

/// <summary>Many images in one call.</summary>
public sealed class BatchTests
{
    // What destinations hold at first.
    private const byte Untouched = 0xA5;

    private static readonly GsasrModel s_model = SmallModels.Open(SmallModels.Edsr);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EachDevice]
    public void Pictures_have_the_bits_of_single_calls_whatever_the_number_of_upscalers(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        using var first = new Upscaler(s_model, device);
        using var second = new Upscaler(s_model, device);
        Entry[] single = Entries();
        foreach (Entry entry in single)
            first.Upscale(entry.Item.Source.Span, entry.Item.Destination.Span, entry.Item.Scale, cancellation: Cancellation);
        foreach (Upscaler[] upscalers in (Upscaler[][])[[first], [first, second]])
        {
            Entry[] batch = Entries();
            var finished = new Finished();
            Upscaler.UpscaleBatch(upscalers, Items(batch), finished, Cancellation);
            Assert.Equal(Enumerable.Range(0, batch.Length), finished.Places.Order());
            Assert.All(batch, (entry, i) => Assert.Equal(single[i].Target, entry.Target));
        }
    }

    [Fact]
    public void Two_devices_share_the_images()
    {
        using var device = new CpuDevice(1);
        using var other = new CpuDevice(1);
        using var first = new Upscaler(s_model, device);
        using var second = new Upscaler(s_model, other);
        (int calls, int otherCalls) = (0, 0);
        device.BeforeCall = () => calls++;
        other.BeforeCall = () => otherCalls++;

        // Both are at work on an image before either of them finishes one: neither can have taken all.
        using var both = new Barrier(2);
        var meet = new Finished { Then = place => { if (place < 2) both.SignalAndWait(Cancellation); } };
        Upscaler.UpscaleBatch([first, second], Items(Entries()), meet, Cancellation);
        Assert.True(calls > 0 && otherCalls > 0);
    }

    [Fact]
    public void An_image_that_fails_does_not_keep_the_others_from_being_finished()
    {
        using var device = new CpuDevice(2);
        using var first = new Upscaler(s_model, device);
        using var second = new Upscaler(s_model, device);
        Entry[] entries = Entries();
        UpscaleItem<byte>[] items = Items(entries);
        Upscaler.UpscaleBatch([first], items, cancellation: Cancellation);
        byte[][] expected = [.. entries.Select(entry => entry.Target.ToArray())];

        // Smaller than its source, and nothing at all.
        items[1] = new(items[1].Source, new(new byte[3], 1, 1, PixelLayout.Rgb));
        items[3] = default;
        foreach (Upscaler[] upscalers in (Upscaler[][])[[first], [first, second]])
        {
            foreach (Entry entry in entries)
                entry.Target.AsSpan().Fill(Untouched);
            var finished = new Finished();
            UpscaleBatchException e = Assert.Throws<UpscaleBatchException>(() => Upscaler.UpscaleBatch(upscalers, items, finished, Cancellation));
            Assert.Equal([1, 3], e.Failures.Keys);
            Assert.All(e.Failures.Values, failure => Assert.IsType<ArgumentOutOfRangeException>(failure));
            Assert.StartsWith("2 of 6 images failed. [1]: ", e.Message, StringComparison.Ordinal);
            Assert.Same(e.Failures[1], e.InnerException);
            Assert.Equal([0, 2, 4, 5], finished.Places.Order());
            Assert.All(finished.Places, place => Assert.Equal(expected[place], entries[place].Target));
        }
    }

    [Fact]
    public void A_device_that_fails_takes_no_more_images_and_the_other_takes_the_rest()
    {
        using var broken = new CpuDevice(1);
        using var device = new CpuDevice(1);
        using var first = new Upscaler(s_model, broken);
        using var second = new Upscaler(s_model, device);
        int failures = 0;
        broken.BeforeCall = () =>
        {
            failures++;
            throw new DeviceException("It fell off the bus.");
        };
        UpscaleItem<byte>[] items = Items(Entries());
        var finished = new Finished();
        UpscaleBatchException e = Assert.Throws<UpscaleBatchException>(() => Upscaler.UpscaleBatch([first, second], items, finished, Cancellation));
        Assert.Equal(1, failures);
        Assert.Equal("It fell off the bus.", Assert.Single(e.Failures).Value.Message);
        Assert.Equal(items.Length - 1, finished.Places.Count);

        // Alone, it leaves all images but the one that it failed with.
        e = Assert.Throws<UpscaleBatchException>(() => Upscaler.UpscaleBatch([first], items, cancellation: Cancellation));
        Assert.Equal(2, failures);
        Assert.Equal(Enumerable.Range(0, items.Length), e.Failures.Keys);
        Assert.Equal("It was not begun, as no device was left: It fell off the bus.", e.Failures[items.Length - 1].Message);
    }

    [Fact]
    public void Too_little_memory_for_an_image_leaves_the_device_to_the_next_one()
    {
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(s_model, device);
        Entry[] entries = Entries();
        int limits = 0;
        var finished = new Finished();
        device.BeforeCall = () => throw new DeviceMemoryException($"{++limits}");
        UpscaleBatchException e = Assert.Throws<UpscaleBatchException>(() => Upscaler.UpscaleBatch([upscaler], Items(entries), finished, Cancellation));
        Assert.Equal(entries.Length, e.Failures.Count);
        Assert.All(e.Failures.Values, failure => Assert.IsType<DeviceMemoryException>(failure));
        device.BeforeCall = null;
        Upscaler.UpscaleBatch([upscaler], Items(entries), finished, Cancellation);
        Assert.Equal(entries.Length, finished.Places.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Cancelling_leaves_finished_pictures_complete_and_begins_no_others(int count)
    {
        using var device = new CpuDevice(2);
        Upscaler[] upscalers = [.. Enumerable.Range(0, count).Select(_ => new Upscaler(s_model, device))];
        Entry[] entries = Entries();
        Upscaler.UpscaleBatch(upscalers, Items(entries), cancellation: Cancellation);
        byte[][] expected = [.. entries.Select(entry => entry.Target.ToArray())];
        foreach (Entry entry in entries)
            entry.Target.AsSpan().Fill(Untouched);

        using var cancellation = new CancellationTokenSource();
        var finished = new Finished { Then = _ => cancellation.Cancel() };
        Assert.ThrowsAny<OperationCanceledException>(() => Upscaler.UpscaleBatch(upscalers, Items(entries), finished, cancellation.Token));
        Assert.InRange(finished.Places.Count, 1, count);
        Assert.All(finished.Places, place => Assert.Equal(expected[place], entries[place].Target));
        Assert.All(entries[(2 * count)..], entry => Assert.All(entry.Target, value => Assert.Equal(Untouched, value)));

        // What is asked for before the beginning or after the end.
        Assert.ThrowsAny<OperationCanceledException>(() => Upscaler.UpscaleBatch<byte>(upscalers, [], cancellation: cancellation.Token));
        using var late = new CancellationTokenSource();
        var last = new Finished();
        last.Then = _ =>
        {
            if (last.Places.Count == entries.Length)
                late.Cancel();
        };
        Upscaler.UpscaleBatch(upscalers, Items(entries), last, late.Token);
        Assert.Equal(entries.Length, last.Places.Count);
        Assert.All(upscalers, upscaler => upscaler.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_the_callers_code_throws_ends_the_batch_and_comes_out(int count)
    {
        using var device = new CpuDevice(2);
        Upscaler[] upscalers = [.. Enumerable.Range(0, count).Select(_ => new Upscaler(s_model, device))];
        var finished = new Finished { Then = _ => throw new IOException("The disk is full.") };
        Assert.Equal("The disk is full.", Assert.Throws<IOException>(() => Upscaler.UpscaleBatch(upscalers, Items(Entries()), finished, Cancellation)).Message);
        Assert.InRange(finished.Places.Count, 1, count);
        Assert.All(upscalers, upscaler => upscaler.Dispose());
    }

    [Fact]
    public void What_cannot_begin_changes_nothing()
    {
        using var device = new CpuDevice(2);
        using var first = new Upscaler(s_model, device);
        using var second = new Upscaler(s_model, device);
        Entry[] entries = Entries();
        UpscaleItem<byte>[] items = Items(entries);
        foreach (Upscaler[] wrong in (Upscaler[][])[[], [first, first], [first, null!]])
            Assert.Equal("upscalers", Assert.Throws<ArgumentException>(() => Upscaler.UpscaleBatch(wrong, items, cancellation: Cancellation)).ParamName);

        // During a batch its upscalers serve nobody else, and another batch leaves those alone that it could have had.
        var finished = new Finished
        {
            Then = _ =>
            {
                Assert.Throws<InvalidOperationException>(() => Upscaler.UpscaleBatch([second, first], items, cancellation: Cancellation));
                Assert.Throws<InvalidOperationException>(first.Dispose);
            },
        };
        Upscaler.UpscaleBatch([first], items[..1], finished, Cancellation);
        Assert.Single(finished.Places);
        Assert.All(entries[1..], entry => Assert.All(entry.Target, value => Assert.Equal(Untouched, value)));
        Upscaler.UpscaleBatch<byte>([first, second], [], cancellation: Cancellation);
        second.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Upscaler.UpscaleBatch([first, second], items, cancellation: Cancellation));
        Upscaler.UpscaleBatch([first], items, cancellation: Cancellation);
    }

    [Fact]
    public void The_snippet_of_the_page_on_the_library_is_the_code_below() => Assert.Equal(
        ReadmeTests.Snippet("docs/library.md", "<!-- This snippet is compiled and run: tests/Models.Tests/BatchTests.cs. -->", "```")[1..],
        ReadmeTests.Snippet("tests/Models.Tests/BatchTests.cs", "// begin", "// end"));

    [Fact]
    public void The_snippet_runs()
    {
        using var device = new CpuDevice(2);
        using var upscaler = new Upscaler(GsasrModel.Default, device);
        UpscaleItem<byte>[] upscaled = Run(upscaler, [Picture.Photo(0, 0, 20, 16), Picture.Photo(30, 20, 14, 18)]);
        Assert.All(upscaled, item => Assert.True(item.Destination.Span.Row(5).ToArray().Distinct().Count() > 10));
    }

    private static UpscaleItem<byte>[] Run(Upscaler upscaler, Picture[] pictures)
    {
#pragma warning disable xUnit1051 // The code of a page has no test to be cancelled with.
        // begin
        UpscaleItem<byte>[] items = [.. pictures.Select(picture => new UpscaleItem<byte>(
            new(picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb),
            new(new byte[16 * picture.Pixels.Length], 4 * picture.Width, 4 * picture.Height, PixelLayout.Rgb)))];
        try
        {
            Upscaler.UpscaleBatch([upscaler], items);
        }
        catch (UpscaleBatchException e)
        {
            // The others are there.
            foreach ((int place, Exception failure) in e.Failures)
                Console.Error.WriteLine($"Image {place}: {failure.Message}");
        }
        // end
#pragma warning restore xUnit1051
        return items;
    }

    // Images of several sizes and layouts, with gaps between rows, and with a scale of their own.
    private static Entry[] Entries() =>
    [
        Entry.Of(24, 20, 48, 40, PixelLayout.Rgb, PixelLayout.Rgb, gap: 0),
        Entry.Of(24, 20, 48, 40, PixelLayout.Rgb, PixelLayout.Bgra, gap: 5),
        Entry.Of(13, 30, 40, 61, PixelLayout.Rgba, PixelLayout.Rgba, gap: 0),
        Entry.Of(24, 20, 60, 50, PixelLayout.Grey, PixelLayout.Rgb, gap: 1, scale: 2.6),
        Entry.Of(24, 20, 48, 40, PixelLayout.Bgr, PixelLayout.Grey, gap: 0),
        Entry.Of(24, 20, 48, 40, PixelLayout.Rgb, PixelLayout.Rgb, gap: 0),
    ];

    private static UpscaleItem<byte>[] Items(Entry[] entries) => [.. entries.Select(entry => entry.Item)];

    private sealed record Entry(UpscaleItem<byte> Item, byte[] Target)
    {
        public static Entry Of(
            int width, int height, int outputWidth, int outputHeight, PixelLayout layout, PixelLayout outputLayout, int gap, double? scale = null)
        {
            int pitch = width * layout.ChannelCount() + gap;
            int outputPitch = outputWidth * outputLayout.ChannelCount() + gap;
            byte[] source = [.. Enumerable.Range(0, pitch * height).Select(i => (byte)(i * 31 % 151 + i / pitch))];
            var target = new byte[outputPitch * outputHeight];
            target.AsSpan().Fill(Untouched);
            return new Entry(
                new(new(source, width, height, layout, pitch), new(target, outputWidth, outputHeight, outputLayout, outputPitch), scale), target);
        }
    }

    private sealed class Finished : IProgress<int>
    {
        private readonly Lock _lock = new();

        public List<int> Places { get; } = [];

        public Action<int> Then { get; set; } = _ => { };

        public void Report(int value)
        {
            lock (_lock)
                Places.Add(value);
            Then(value);
        }
    }
}
