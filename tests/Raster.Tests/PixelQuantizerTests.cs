using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

public class PixelQuantizerTests
{
    [Theory]
    [EachDevice]
    public void Values_are_clamped_and_rounded_half_to_even(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        float[] values =
        [
            -1, -0f, 0, 1, 2, 1e30f, -1e30f, float.Epsilon, 0.5f / 255, 1.5f / 255, 0.5f, 254.5f / 255, 0.999999f, float.BitIncrement(1),
            0.00195f, 0.00197f, 1 / 3f, 2 / 3f,
        ];
        Check(device, values, 2, 3, 2, 3, 8);
        Check(device, values, 2, 3, 2, 3, 16);
    }

    [Theory]
    [EachDevice]
    public void Any_size_is_cropped_from_the_top_left(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        ulong hash = SeededNumbers.Hash("quantize");
        (int, int, int, int)[] sizes = [(1, 1, 1, 1), (9, 31, 9, 31), (9, 31, 5, 17), (40, 5, 33, 5), (3, 64, 3, 63), (2, 300, 1, 256)];
        foreach ((int imageHeight, int imageWidth, int height, int width) in sizes)
        {
            var values = new float[imageHeight * imageWidth * 3];
            for (int i = 0; i < values.Length; i++)
                values[i] = 0.5f + 0.7f * SeededNumbers.Uniform(hash, i);
            Check(device, values, imageHeight, imageWidth, height, width, 8);
            Check(device, values, imageHeight, imageWidth, height, width, 16);
        }
    }

    [Theory]
    [EachDevice]
    public void Values_that_are_not_finite_are_counted(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var values = new float[7 * 23 * 3];
        values.AsSpan().Fill(0.25f);
        values[0] = float.NaN;
        values[50] = float.PositiveInfinity;
        values[51] = float.NegativeInfinity;
        values[^1] = -float.NaN;
        values[22 * 3] = float.NaN; // outside the crop below

        Assert.Equal(5, Run(device, values, 7, 23, 7, 23, 8, out byte[] bytes));
        Assert.Equal([0, 64, 255, 0, 0], (byte[])[bytes[0], bytes[1], bytes[50], bytes[51], bytes[^1]]);
        Assert.Equal(3, Run(device, values, 7, 23, 6, 22, 16, out _));
    }

    [Theory]
    [EachDevice]
    public void Channels_of_a_wider_tensor_are_taken_in_place(string deviceName)
    {
        Device device = TestDevices.Get(deviceName);
        var values = new float[5 * 21 * 4];
        for (int i = 0; i < values.Length; i++)
            values[i] = i % 4 == 0 ? float.NaN : i % 200 / 255f;
        Tensor image = device.Upload(values, 5, 21, 4);
        using DeviceBuffer imageBuffer = image.Buffer;
        using DeviceBuffer destination = device.Allocate(5 * 20 * 3);
        using DeviceBuffer count = device.Allocate(sizeof(int));
        PixelQuantizer.Run(image.SliceChannels(1, 3), 5, 20, 8, destination, count);

        var bytes = new byte[5 * 20 * 3];
        destination.Download(bytes.AsSpan(), 0);
        for (int i = 0; i < bytes.Length; i++)
            Assert.Equal((i / 60 * 84 + i % 60 / 3 * 4 + i % 3 + 1) % 200, bytes[i]);
        Assert.Equal(0, Count(count));
    }

    [Fact]
    public void Unusable_arguments_are_refused_by_name()
    {
        using var device = new CpuDevice(1);
        Tensor image = device.Upload(new float[12], 2, 2, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        using DeviceBuffer small = device.Allocate(3);
        using DeviceBuffer large = device.Allocate(12);

        Assert.Throws<ArgumentOutOfRangeException>("bits", () => PixelQuantizer.Run(image, 2, 2, 10, large, large));
        Assert.Throws<ArgumentException>("image", () => PixelQuantizer.Run(image, 3, 2, 8, large, large));
        Assert.Throws<ArgumentException>("image", () => PixelQuantizer.Run(image, 2, 0, 8, large, large));
        Assert.Throws<ArgumentException>("destination", () => PixelQuantizer.Run(image, 2, 2, 16, large, large));
        Assert.Throws<ArgumentException>("nonFinite", () => PixelQuantizer.Run(image, 2, 2, 8, large, small));
    }

    private static void Check(Device device, float[] values, int imageHeight, int imageWidth, int height, int width, int bits)
    {
        Assert.Equal(0, Run(device, values, imageHeight, imageWidth, height, width, bits, out byte[] bytes));
        double largest = bits == 8 ? 255 : 65535;
        for (int i = 0; i < height * width * 3; i++)
        {
            float value = values[(i / (width * 3) * imageWidth * 3) + i % (width * 3)];
            int expected = (int)MathF.Round((float)largest * Math.Clamp(value, 0, 1), MidpointRounding.ToEven);
            int actual = bits == 8 ? bytes[i] : BitConverter.ToUInt16(bytes, i * 2);
            Assert.True(expected == actual, $"Value {i} of {height} x {width}, {value:R}, became {actual}, not {expected}, of {largest}.");
        }
    }

    private static int Run(
        Device device, float[] values, int imageHeight, int imageWidth, int height, int width, int bits, out byte[] bytes)
    {
        Tensor image = device.Upload(values, imageHeight, imageWidth, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        bytes = new byte[height * width * 3 * (bits / 8)];
        using DeviceBuffer destination = device.Allocate(bytes.Length);
        using DeviceBuffer count = device.Allocate(sizeof(int));
        PixelQuantizer.Run(image, height, width, bits, destination, count);
        destination.Download(bytes.AsSpan(), 0);
        return Count(count);
    }

    private static int Count(DeviceBuffer buffer)
    {
        var count = new int[1];
        buffer.Download(count.AsSpan(), 0);
        return count[0];
    }
}
